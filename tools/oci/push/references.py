"""Names of repositories and tags, checked before anything is sent (OCI distribution spec 1.1, "Pulling manifests")."""

import re

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
# crane's limits; the specification has no minimum length.
_SHORTEST, _LONGEST = 2, 255
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]+)?")


class BadReferenceError(ValueError):
    """A repository or tag that no registry accepts."""


def check_tag(tag: str) -> str:
    """Return the tag, or raise BadReferenceError."""
    if not _TAG.fullmatch(tag):
        raise BadReferenceError(
            f"{tag!r} is not a tag: 1 to 128 letters, digits, '_', '.' and '-', beginning with a letter, a digit or '_'"
        )
    return tag


def check_repository(repository: str) -> str:
    """Return `registry/name`, or raise BadReferenceError.

    The registry is required: some tools interpret `me/service` as a repository on Docker Hub, others as an error.
    """
    host, slash, name = repository.partition("/")
    is_host = "." in host or ":" in host or host == "localhost"
    if not (slash and is_host and _HOST.fullmatch(host)):
        raise BadReferenceError(
            f"{repository!r} does not begin with a registry; expected for example registry.example/team/service, "
            "or docker.io/team/service for Docker Hub"
        )
    if not (_NAME.fullmatch(name) and _SHORTEST <= len(name) <= _LONGEST):
        raise BadReferenceError(
            f"{repository!r} is not a repository: {name!r} should be {_SHORTEST} to {_LONGEST} small letters and "
            "digits, joined by '.', '_' or '-', in parts with '/' between them, without a tag or digest"
        )
    return repository


def repository_for(default: str, registry: str) -> str:
    """Return the repository of a service on `registry`, or `default` where that is empty."""
    return f"{registry.rstrip('/')}/{default.partition('/')[2]}" if registry else default

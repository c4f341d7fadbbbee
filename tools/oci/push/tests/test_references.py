"""The validation of repository names and tags."""

import pytest

from tools.oci.push.references import BadReferenceError, check_repository, check_tag, repository_for


@pytest.mark.parametrize("tag", ["v1", "1.0", "_x", "a" * 128, "V1.2-rc.1"])
def test_good_tag_is_returned(tag: str) -> None:
    """Tags that the OCI distribution specification permits are accepted."""
    assert check_tag(tag) == tag


@pytest.mark.parametrize("tag", ["feature/x", "", ".v1", "-v1", "a" * 129, "v 1", "v1\n", "ü"])
def test_bad_tag_is_refused_with_the_rule(tag: str) -> None:
    """The message holds the tag and what is allowed."""
    with pytest.raises(BadReferenceError, match="1 to 128 letters") as failure:
        check_tag(tag)
    assert repr(tag) in str(failure.value)


@pytest.mark.parametrize(
    "repository",
    ["localhost/aa", "localhost:5000/team/a_b", "[::1]:5000/service", "registry.example/a--b/c.d", "docker.io/me/svc"],
)
def test_good_repository_is_returned(repository: str) -> None:
    """A registry followed by a name in lower-case letters is accepted."""
    assert check_repository(repository) == repository


@pytest.mark.parametrize("repository", ["me/service", "service", "", "/service", "bad_host!.example/service"])
def test_repository_without_a_registry_is_refused(repository: str) -> None:
    """A missing registry does not default to Docker Hub."""
    with pytest.raises(BadReferenceError, match="does not begin with a registry"):
        check_repository(repository)


@pytest.mark.parametrize(
    "name", ["service/", "Service", "a", "", "a//b", "service:v1", "service@sha256:00", "a" * 256, "a___b"]
)
def test_bad_repository_is_refused(name: str) -> None:
    """Names that a registry would reject are refused before any request."""
    with pytest.raises(BadReferenceError, match="is not a repository"):
        check_repository(f"registry.example/{name}")


@pytest.mark.parametrize(
    ("registry", "repository"),
    [
        ("", "localhost:5000/user_service"),
        ("registry.example", "registry.example/user_service"),
        ("registry.example/team/", "registry.example/team/user_service"),
    ],
)
def test_registry_of_the_environment_replaces_the_default(registry: str, repository: str) -> None:
    """The variable replaces the registry of each service and keeps the service's name."""
    assert repository_for("localhost:5000/user_service", registry) == repository

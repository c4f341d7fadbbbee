"""A wrapper of crane (https://github.com/google/go-containerregistry): a method for each command, with one-line errors.

crane finds credentials in `~/.docker/config.json` or in the folder in DOCKER_CONFIG, with its credential helpers, or,
if there is neither, in podman's file (docs/images.md).
"""

import base64
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_QUERY_SECONDS = 60.0
_COPY_SECONDS = 1800.0

# crane retries after 408, 5xx and broken connections. After a 429 it waits for less time than many registries require.
_BUSY_PAUSES_SECONDS = (5.0, 15.0, 30.0)
_BUSY = re.compile(r"TOOMANYREQUESTS|429 Too Many Requests")
_ABSENT = re.compile(r"MANIFEST_UNKNOWN|NAME_UNKNOWN|404 Not Found")
_NO_TOKENS = "is not bearer"
_NO_LOGIN = "credentials not found"
_LOG_TIME = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")
# Queries of upload addresses are long, and some contain credentials.
_QUERY = re.compile(r"(https?://[^\s\"?]+)\?[^\s\":]*")
_MARKUP = re.compile(r"<[^>]*>")
# Redundant parts of an error: its details in Go's format, the reference, a repeated request or status.
_REPEATED = re.compile(
    r";? \[?(?:map\[[^\[\]]*\] ?)+\]?|^fetching manifest \S+: "
    r"|\b[A-Z][a-z]+ \"([^\"]+)\": (?=[A-Z]+ \1:)|\b(\d{3} [A-Z][\w ]+?):? (?=\2\b)"
)
# An error begins with the request and ends with its cause.
_LONGEST_BEGINNING, _LONGEST_END = 200, 300

# Remedies for failures that registries report in different words; the first pattern that matches is used.
_HINTS = (
    (r"UNAUTHORIZED|\b401\b|no basic auth|authentication required", "`docker login` with an account that may do this"),
    (r"DENIED|\b403\b", "the account has no permission to do this"),
    (
        r"\b413\b|SIZE_INVALID|too large",
        "the registry, or a proxy in front of it, limits the size of a request: raise that limit",
    ),
    (
        r"\bP(atch|ut|ost) .*(broken pipe|connection reset|use of closed)",
        "the registry, or a proxy in front of it, closed an upload, as some do above a size limit",
    ),
    (r"server gave HTTP response to HTTPS client", "--insecure allows plain HTTP"),
    (r"\bHEAD .*\b405\b", "the registry does not answer HEAD requests, which pushing needs"),
    (r"x509|certificate", "SSL_CERT_FILE names a file of further certificate authorities"),
)

Report = Callable[[str], None]
"""Takes each line that crane writes while it works."""


class RegistryError(Exception):
    """A registry refused a request or could not be reached. The message is one sentence with the registry's text.

    Attributes:
        reference: the image or registry.
        reason: the full text of the registry or of crane; the message has a shortened form and the remedy.
    """

    def __init__(self, reference: str, reason: str) -> None:
        hint = next((f" ({hint})" for pattern, hint in _HINTS if re.search(pattern, reason)), "")
        super().__init__(f"{reference}: {_shortened(reason)}{hint}")
        self.reference = reference
        self.reason = reason

    @property
    def is_absent(self) -> bool:
        """Whether the registry reports that the image does not exist."""
        return _ABSENT.search(self.reason) is not None


class NoAnswerError(RegistryError):
    """A registry did not answer, or did not accept all content, before the deadline."""


@dataclass(frozen=True, kw_only=True)
class Crane:
    """The crane program and how to call it.

    Attributes:
        binary: path of the program.
        insecure: whether plain HTTP and unknown certificates are allowed. Loopback needs no permission for HTTP.
        query_seconds: time limit of a query, for registries that accept a connection and do not answer.
        copy_seconds: time that a push or a copy may take.
        busy_pauses: seconds to wait before each retry after the registry's response 429.
    """

    binary: Path
    insecure: bool = False
    query_seconds: float = _QUERY_SECONDS
    copy_seconds: float = _COPY_SECONDS
    busy_pauses: Sequence[float] = _BUSY_PAUSES_SECONDS

    @classmethod
    def from_environment(cls, *, insecure: bool = False, copy_seconds: float = _COPY_SECONDS) -> "Crane":
        """Return the crane whose path is in the environment variable CRANE, which the build sets."""
        binary = Path(os.environ["CRANE"]).absolute()
        return cls(
            binary=binary,
            insecure=insecure,
            copy_seconds=copy_seconds,
            query_seconds=min(_QUERY_SECONDS, copy_seconds),
        )

    def digest(self, reference: str) -> str | None:
        """Return the digest that a tag or digest refers to, or None if there is no such image. Raises RegistryError."""
        found = self._find(reference, "digest")
        return None if found is None else found.decode().strip()

    def manifest(self, reference: str) -> bytes | None:
        """Return a manifest, or None if the registry does not have it. Raises RegistryError."""
        return self._find(reference, "manifest")

    def blob(self, reference: str) -> bytes:
        """Return the blob `repository@digest`; crane compares it with its digest. Raises RegistryError."""
        return self._run(reference, ["blob", reference], seconds=self.copy_seconds)

    def push(self, layout: Path, reference: str, *, report: Report | None = None) -> None:
        """Push an OCI layout. Raises RegistryError."""
        self._run(reference, ["push", str(layout), reference], seconds=self.copy_seconds, report=report)

    def copy(self, source: str, target: str, *, report: Report | None = None) -> None:
        """Copy an image between repositories; within a registry, layers are mounted, not sent. Raises RegistryError."""
        self._run(target, ["copy", source, target], seconds=self.copy_seconds, report=report)

    def tag(self, reference: str, tag: str) -> None:
        """Tag an image; the tag is written even if it exists already. Raises RegistryError."""
        self._query(reference, "tag", reference, tag)

    def authorization(self, repository: str, *, push: bool) -> str | None:
        """Return the value of an Authorization header for a repository, or None if none is needed.

        For the requests that crane cannot make: reading and writing referrers (tools/release).

        Args:
            repository: `registry/name`.
            push: whether to request permission to push. Some registries then give no token to accounts without it.

        Raises:
            RegistryError: the registry refused to give a token.
        """
        try:
            header = self._query(
                repository, "auth", "token", "--header", *(["--push"] if push else []), repository
            ).decode()
            return header.partition(":")[2].strip() or None
        except RegistryError as error:
            if _NO_TOKENS not in error.reason:
                raise
        # The registry has no token service: it uses basic authentication, if any.
        return self._basic(repository.partition("/")[0])

    def _basic(self, registry: str) -> str | None:
        try:
            login = json.loads(self._query(registry, "auth", "get", registry))
        except RegistryError as error:
            if _NO_LOGIN in error.reason:
                return None
            raise
        return "Basic " + base64.b64encode(f"{login['Username']}:{login['Secret']}".encode()).decode()

    def _find(self, reference: str, command: str) -> bytes | None:
        """Return the output of a command about an image, or None if the registry has no such image."""
        try:
            return self._query(reference, command, reference)
        except RegistryError as error:
            if error.is_absent:
                return None
            raise

    def _query(self, reference: str, *arguments: str) -> bytes:
        return self._run(reference, arguments, seconds=self.query_seconds)

    def _run(self, reference: str, arguments: Sequence[str], *, seconds: float, report: Report | None = None) -> bytes:
        command = [str(self.binary), *arguments, *(["--insecure"] if self.insecure else [])]
        for pause in [*self.busy_pauses, None]:
            code, output, said = _output_of(command, seconds=seconds, report=report)
            if code == 0:
                return output
            if code is None:
                raise NoAnswerError(reference, f"no answer within {seconds:g} seconds")
            if pause is None or not any(_BUSY.search(line) for line in said):
                break
            time.sleep(pause)
        # `crane auth get` reports missing credentials on standard output.
        raise RegistryError(reference, _reason(said or output.decode(errors="replace").splitlines()))


def _output_of(command: Sequence[str], *, seconds: float, report: Report | None) -> tuple[int | None, bytes, list[str]]:
    """Run a command; return its exit code (None after a timeout), its output and its log lines."""
    said: list[str] = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        assert process.stderr is not None  # noqa: S101
        late = threading.Event()
        timer = threading.Timer(seconds, _end, (process, late))
        reader = threading.Thread(target=_follow, args=(process.stderr, said, report))
        timer.start()
        reader.start()
        try:
            output = process.stdout.read()
            reader.join()
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
    return None if late.is_set() else code, output, said


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()


def _follow(lines: IO[bytes], said: list[str], report: Report | None) -> None:
    for line in lines:
        text = _LOG_TIME.sub("", line.decode(errors="replace").strip())
        said.append(text)
        if report:
            report(text)


def _reason(said: Sequence[str]) -> str:
    """Return the error that crane ended with as one line."""
    begun = next((number for number in reversed(range(len(said))) if said[number].startswith("Error: ")), None)
    lines = said[begun:] if begun is not None else said[-1:]
    text = " ".join(_QUERY.sub(r"\1", _MARKUP.sub(" ", " ".join(lines))).removeprefix("Error: ").split())
    return _REPEATED.sub("", text) or "crane failed without a message"


def _shortened(reason: str) -> str:
    if len(reason) <= _LONGEST_BEGINNING + _LONGEST_END:
        return reason
    return f"{reason[:_LONGEST_BEGINNING]} ... {reason[-_LONGEST_END:]}"

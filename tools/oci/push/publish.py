"""Push services: first the content by digest, then the tags that do not name it yet."""

import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.oci.push.crane import Crane, NoAnswerError, RegistryError
from tools.oci.push.layout import Service
from tools.oci.push.references import check_repository, check_tag

_SENT = re.compile(r"pushed blob: (sha256:[0-9a-f]{64})|digest: (sha256:[0-9a-f]{64}) size: \d+$")
_DONE = re.compile(r"(pushed|existing|mounted) blob: sha256:")


@dataclass(frozen=True, kw_only=True)
class Row:
    """The result of a push: the bytes of blobs and manifests that were sent, without HTTP overhead, and the seconds."""

    service: str
    digest: str
    sent: int
    seconds: float


@dataclass(kw_only=True)
class Publisher:
    """Pushes services to one registry; layers that they share are sent once.

    crane mounts layers between repositories of a registry when it copies, but not when it pushes. So each service after
    the first is pushed by digest into the repository of the first one that was sent, which has the shared layers
    already, and copied to its own repository from there. If the registry refuses that, the service is pushed directly.
    """

    crane: Crane
    _neighbor: str | None = field(default=None, init=False)

    def push(self, service: Service, repository: str, *, tags: Sequence[str] = ()) -> Row:
        """Push a service and set its tags. Content that the registry has is not sent again.

        Raises:
            BadReferenceError: the repository or a tag is not one; nothing was sent.
            RegistryError: the registry failed; no tag names another image than before.
        """
        check_repository(repository)
        for tag in tags:
            check_tag(tag)
        started = time.monotonic()
        progress = _Progress(service)
        reference = f"{repository}@{service.digest}"
        differing = [tag for tag in tags if self.crane.digest(f"{repository}:{tag}") != service.digest]
        is_there = (tags and not differing) or self.crane.digest(reference) is not None
        if not is_there:
            self._bring(service, repository, progress)
        for tag in differing:
            self.crane.tag(reference, tag)
        if progress.sent():
            self._neighbor = self._neighbor or repository
        return Row(
            service=service.name,
            digest=service.digest,
            sent=progress.sent(),
            seconds=time.monotonic() - started,
        )

    def _bring(self, service: Service, repository: str, progress: "_Progress") -> None:
        try:
            if not self._brought_by_neighbor(service, repository, progress):
                self.crane.push(service.layout, f"{repository}@{service.digest}", report=progress.report)
        finally:
            progress.end()

    def _brought_by_neighbor(self, service: Service, repository: str, progress: "_Progress") -> bool:
        """Push into the repository of the earlier service and copy from there; return False if that is not possible."""
        neighbor = self._neighbor
        if neighbor is None or neighbor == repository or neighbor.partition("/")[0] != repository.partition("/")[0]:
            return False
        source = f"{neighbor}@{service.digest}"
        try:
            self.crane.push(service.layout, source, report=progress.report)
            self.crane.copy(source, f"{repository}@{service.digest}", report=progress.report)
        except NoAnswerError:
            raise
        except RegistryError:
            # If this is more than a missing permission, the direct push that follows fails with the error.
            return False
        return True


class _Progress:
    """Counts the bytes that crane reports as sent, and shows them on a terminal."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._sent: list[str] = []
        self._done = 0

    def sent(self) -> int:
        """Return the bytes of blobs and manifests that were sent."""
        return sum(self._service.size(digest) for digest in self._sent)

    def end(self) -> None:
        """End the progress line."""
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def report(self, line: str) -> None:
        """Process a line of crane's log."""
        if match := _SENT.search(line):
            self._sent.append(match[1] or match[2])
        if _DONE.search(line):
            self._done += 1
            if sys.stderr.isatty():
                total = len(self._service.blobs())
                print(f"\r{self._service.name}: {min(self._done, total)} of {total} blobs", end="", file=sys.stderr)


def push_all(services: Sequence[Service], prefix: str, *, crane: Crane, tags: Sequence[str] = ()) -> list[Row]:
    """Push services one after the other to `prefix/name`; print a line for each on standard error.

    Raises:
        BadReferenceError: the prefix or a tag is not one; nothing was sent.
        RegistryError: a registry failed; tags of the service that failed are as they were.
    """
    publisher = Publisher(crane=crane)
    for service in services:
        check_repository(f"{prefix}/{service.name}")
    rows = []
    for service in services:
        row = publisher.push(service, f"{prefix}/{service.name}", tags=tags)
        print(said_of(row), file=sys.stderr, flush=True)
        rows.append(row)
    return rows


def said_of(row: Row) -> str:
    """Return the result of a push as one line."""
    if not row.sent:
        return f"{row.service}: the registry has it already, nothing sent"
    return f"{row.service}: {row.sent:,} bytes in {row.seconds:.1f} s"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table with a sum."""
    total = Row(service="all", digest="", sent=sum(row.sent for row in rows), seconds=sum(row.seconds for row in rows))
    lines = [f"{row.service:<20} {row.digest:<71} {row.sent:>12,} {row.seconds:>8.1f}" for row in [*rows, total]]
    return "\n".join([f"{'service':<20} {'digest':<71} {'bytes sent':>12} {'seconds':>8}", *lines])

"""Push services: bytes first, under their digest; tags last, and only those that differ."""

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
    """The result of a push: bytes of blobs and manifests that were sent, without HTTP around them, and its seconds."""

    service: str
    digest: str
    sent: int
    seconds: float


@dataclass(kw_only=True)
class Publisher:
    """Pushes services to one registry, each layer that they share once.

    crane mounts layers between repositories of a registry when it copies, and not when it pushes. So a service that
    follows another one which was sent is pushed by digest into the repository of that one, where the layers that both
    have are already, and copied to its own repository from there. Where the registry refuses that, the service is
    pushed directly.
    """

    crane: Crane
    _neighbor: str | None = field(default=None, init=False)

    def push(self, service: Service, repository: str, *, tags: Sequence[str] = ()) -> Row:
        """Push a service and set its tags. What is there already is not sent again.

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
        """Push beside the service before and copy; False where the registry does not allow that."""
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
            # The direct push that follows says what is wrong, if it is more than a right that is missing.
            return False
        return True


class _Progress:
    """Counts what crane says it sent, and shows it on a terminal."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._sent: list[str] = []
        self._done = 0

    def sent(self) -> int:
        """Return the bytes of blobs and manifests that were sent."""
        return sum(self._service.size(digest) for digest in self._sent)

    def end(self) -> None:
        """Leave the line that shows progress."""
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def report(self, line: str) -> None:
        """Take a line that crane logged."""
        if match := _SENT.search(line):
            self._sent.append(match[1] or match[2])
        if _DONE.search(line):
            self._done += 1
            if sys.stderr.isatty():
                total = len(self._service.blobs())
                print(f"\r{self._service.name}: {min(self._done, total)} of {total} blobs", end="", file=sys.stderr)


def push_all(services: Sequence[Service], prefix: str, *, crane: Crane, tags: Sequence[str] = ()) -> list[Row]:
    """Push services one after the other to `prefix/name`, with a line for each on standard error.

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
    """Return what came of a push, in one line."""
    if not row.sent:
        return f"{row.service}: is there already, nothing sent"
    return f"{row.service}: {row.sent:,} bytes in {row.seconds:.1f} s"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table with a sum."""
    total = Row(service="all", digest="", sent=sum(row.sent for row in rows), seconds=sum(row.seconds for row in rows))
    lines = [f"{row.service:<20} {row.digest:<71} {row.sent:>12,} {row.seconds:>8.1f}" for row in [*rows, total]]
    return "\n".join([f"{'service':<20} {'digest':<71} {'bytes sent':>12} {'seconds':>8}", *lines])

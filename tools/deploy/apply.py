"""Carry out a plan: images first, then manifests, and the record of each service last.

After an interruption the record is the old one, so that the next run does the rest.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from tools.deploy.errors import BusyError
from tools.deploy.images import Bring
from tools.deploy.plan import Change, Kind, Plan
from tools.deploy.records import Folder, Record, hash_of
from tools.deploy.source import Source


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a plan needs to be carried out: how each image reaches its registry, its source, and the clock."""

    bring: Mapping[str, Bring]
    sources: Mapping[str, Source]
    now: Callable[[], datetime]

    def apply(self, plan: Plan) -> None:
        """Carry out the plan. Recorded images that the registry does not have are pushed too.

        Raises RegistryError and ImageMissingError, with nothing changed.
        """
        for change in plan.changes:
            if change.image is not None:
                self.bring[change.service](change.image)
        if not plan.folder.namespace_is(plan.namespace):
            plan.folder.write_namespace(plan.namespace)
        for change in plan.work:
            self._write(plan.folder, change)

    def _write(self, folder: Folder, change: Change) -> None:
        if change.image is None:
            folder.remove(change.service)
            return
        source = self.sources[change.service]
        record = Record(
            digest=change.image.digest,
            manifests=hash_of(change.manifest),
            port=change.image.port,
            repository=change.image.repository,
            user=change.image.user,
            revision=source.revision,
            is_committed=source.is_committed,
            time=self.now().replace(microsecond=0),
            contract=None if change.contract is None else hash_of(change.contract),
        )
        folder.write(change.service, change.manifest, record, contract=change.contract)


@contextmanager
def environment_lock(folder: Folder) -> Iterator[None]:
    """Lock the environment against other commands of this checkout; raises BusyError."""
    handle = os.open(folder.path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(folder.name) from error
        yield
    finally:
        os.close(handle)


def message(plan: Plan) -> str:
    """Return the message of the commit that records a plan."""
    kinds = {kind: [change.service for change in plan.work if change.kind is kind] for kind in Kind}
    said = [f"{kind.value}: {', '.join(services)}" for kind, services in kinds.items() if services]
    reasons = [f"{change.service}: {'; '.join(change.reasons)}" for change in plan.work]
    subject = f"Deploy to {plan.folder.name}"
    return "\n\n".join([subject, "\n".join(said), "\n".join(reasons)]).rstrip() + "\n"

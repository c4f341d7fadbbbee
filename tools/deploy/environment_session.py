"""Select the images of an environment: those of the build, of its records, or of another environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tools.deploy.configuration import Environment
from tools.deploy.errors import BadFileError, NotDeployedError
from tools.deploy.files import read_json, read_text
from tools.deploy.images import Bring, Image, built_image, copy_between, push_built
from tools.deploy.plan import Plan, make_plan, short
from tools.deploy.records import Folder, Record
from tools.deploy.source import Source
from tools.oci.push.crane import Crane
from tools.oci.push.layout import Service
from tools.oci.push.publish import Publisher

_RECALL = "build it again from the commit of the record and apply there, or apply what is built now"


@dataclass(frozen=True, kw_only=True)
class ImageSelection:
    """Images by service, how each reaches its registry, the commit that it was built from, and its contract."""

    images: Mapping[str, Image]
    bring: Mapping[str, Bring]
    sources: Mapping[str, Source]
    contracts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class EnvironmentSession:
    """An environment that a command works on, and its registry."""

    folder: Folder
    environment: Environment
    registry: str
    crane: Crane

    @classmethod
    def open(cls, folder: Folder, registry: str | None, *, crane: Crane) -> "EnvironmentSession":
        """Open an environment, with another registry if one is given; raises BadFileError."""
        environment = folder.environment()
        if registry is not None:
            changed = environment.model_copy(update={"registry": registry})
            environment = read_json(changed.model_dump_json(), Environment, shown="--registry")
        return cls(folder=folder, environment=environment, registry=environment.registry, crane=crane)

    def built(self, services: Sequence[Service], source: Source) -> ImageSelection:
        """Return the images of the build; raises BadFileError for a configuration without a service."""
        known = sorted(service.name for service in services)
        for name in self.folder.configurations():
            if name not in known:
                reason = f"there is no service {name}; there are {', '.join(known)}"
                raise BadFileError(self.folder.shown(f"{name}.toml"), reason)
        # One publisher pushes a layer that services share once.
        publisher = Publisher(crane=self.crane)
        return ImageSelection(
            images={service.name: built_image(service, self.registry) for service in services},
            bring={service.name: partial(push_built, service, publisher) for service in services},
            sources=dict.fromkeys(known, source),
            contracts=source_contracts(self.folder.path.parents[1], known),
        )

    def kept(self) -> ImageSelection:
        """Return the images that the records name."""
        return self._recorded(self.folder.records(), self.folder.contracts())

    def promoted(self, origin: Folder, *, only: Sequence[str] = ()) -> ImageSelection:
        """Return the recorded images with those of another environment in their place, all or only some.

        Raises:
            NotDeployedError: The other environment has no records, none of a service in `only`, or one of an
                image that was built from uncommitted changes.
        """
        there = origin.records()
        if not there:
            raise NotDeployedError(f"nothing was deployed to {origin.name} yet; //deploy:apply does that")
        if absent := [name for name in only if name not in there]:
            raise NotDeployedError(f"{origin.name} has no record of {absent[0]}; it has {', '.join(there)}")
        records = {service: there[service] for service in only or there}
        for service, record in records.items():
            if not record.is_committed:
                raise NotDeployedError(
                    f"{service} in {origin.name} was built from changes that are not committed: "
                    "commit them, apply once more, then promote"
                )
        kept = {name: text for name, text in self.folder.contracts().items() if name not in records}
        brought = {name: text for name, text in origin.contracts().items() if name in records}
        return self._recorded(self.folder.records() | records, kept | brought)

    def plan(self, selection: ImageSelection, *, is_committed: bool, only: Sequence[str] = ()) -> Plan:
        """Return what would change; raises BadFileError, and NotDeployedError for an unknown name in `only`."""
        plan = make_plan(
            self.folder,
            selection.images,
            registry=self.registry,
            is_committed=is_committed,
            contracts=selection.contracts,
        )
        names = [change.service for change in plan.changes]
        for name in only:
            if name not in names:
                raise NotDeployedError(f"{self.folder.name} has no service {name!r}; it has {', '.join(names)}")
        chosen = [change for change in plan.changes if not only or change.service in only]
        return replace(plan, changes=chosen, absent=[] if only else plan.absent)

    def _copying(self, source: Image) -> Bring:
        return partial(copy_between, source, crane=self.crane, remedy=_RECALL)

    def _recorded(self, records: Mapping[str, Record], contracts: Mapping[str, str]) -> ImageSelection:
        images = {service: record.image.on_registry(self.registry) for service, record in records.items()}
        return ImageSelection(
            images=images,
            bring={service: self._copying(record.image) for service, record in records.items()},
            sources={
                service: Source(revision=record.revision, is_committed=record.is_committed)
                for service, record in records.items()
            },
            contracts=contracts,
        )


def source_contracts(workspace: Path, services: Sequence[str]) -> dict[str, str]:
    """Return the contract of each service that has one in the working tree; raises BadFileError."""
    shown = {service: f"services/{service}/openapi.json" for service in services}
    return {
        service: read_text(workspace / path, shown=path)
        for service, path in shown.items()
        if (workspace / path).exists()
    }


def promotion_lag(session: EnvironmentSession, origin: Folder) -> list[str]:
    """Return a sentence for each service whose image differs from that of the environment it is promoted from."""
    here = session.folder.records()
    return [
        f"{origin.name} runs {short(record.digest)} of {service}: bazel run //deploy:promote -- "
        f"--from {origin.name} --to {session.folder.name}"
        for service, record in origin.records().items()
        if service in session.folder.configurations() and (service not in here or here[service].digest != record.digest)
    ]

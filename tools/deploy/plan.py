"""Plan the changes of an environment, with the reasons."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import yaml

from tools.deploy.configuration import Configuration, Environment
from tools.deploy.connections import check_connections
from tools.deploy.environment_rules import check_proxies
from tools.deploy.events import check_events, connect_events, unconnected
from tools.deploy.images import Image
from tools.deploy.known_settings import PAGE, KnownSettings
from tools.deploy.manifests.release import Release
from tools.deploy.manifests.render import namespace, render
from tools.deploy.records import Folder, Record, hash_of
from tools.deploy.scopes import grant_scopes

_SHOWN = 4


class Kind(StrEnum):
    """Kind of change of a service."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    """It is configured and has no image yet."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """The change of one service, with its reasons, image and manifests."""

    service: str
    kind: Kind
    reasons: Sequence[str] = ()
    image: Image | None = None
    manifest: str = ""
    record: Record | None = None
    contract: str | None = None

    @property
    def is_work(self) -> bool:
        """Whether the service has to be deployed or removed."""
        return self.kind in {Kind.NEW, Kind.CHANGED, Kind.REMOVED}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The changes of all services of an environment."""

    folder: Folder
    registry: str
    changes: Sequence[Change]
    namespace: str
    absent: Sequence[str] = ()
    """Services of the build without a configuration here."""
    notes: Sequence[str] = ()

    @property
    def work(self) -> list[Change]:
        """The changes that have to be carried out."""
        return [change for change in self.changes if change.is_work]

    @property
    def is_done(self) -> bool:
        """Whether the environment matches its configuration."""
        return not self.work and self.folder.namespace_is(self.namespace)


def make_plan(
    folder: Folder,
    images: Mapping[str, Image],
    *,
    registry: str,
    is_committed: bool,
    contracts: Mapping[str, str],
) -> Plan:
    """Compare configuration, images and contracts with the records, each by the name of its service.

    Raises BadFileError.
    """
    environment, records = folder.environment(), folder.records()
    workspace = folder.path.parents[1]
    known = KnownSettings.read(workspace / PAGE)
    configurations = grant_scopes(folder.configurations(), workspace / "services")
    configurations = connect_events(configurations, environment, known)
    check_connections(folder, configurations, namespace=environment.namespace)
    check_proxies(folder, configurations, environment)
    check_events(folder, configurations)
    planner = _Planner(folder=folder, environment=environment, is_committed=is_committed, contracts=contracts)
    changes = [
        replace(
            planner.change(service, configurations.get(service), images.get(service), records.get(service)),
            contract=contracts.get(service),
        )
        for service in sorted({*configurations, *records, *folder.rendered()})
    ]
    return Plan(
        folder=folder,
        registry=registry,
        changes=changes,
        namespace=namespace(environment.namespace),
        absent=sorted(images.keys() - configurations.keys() - records.keys()),
        notes=list(unconnected(folder, configurations, known)),
    )


@dataclass(frozen=True, kw_only=True)
class _Planner:
    """Plans the change of each service."""

    folder: Folder
    environment: Environment
    is_committed: bool
    contracts: Mapping[str, str]

    def change(
        self, service: str, configuration: Configuration | None, image: Image | None, record: Record | None
    ) -> Change:
        if configuration is None:
            reason = f"{self.folder.shown(service + '.toml')} is gone"
            return Change(service=service, kind=Kind.REMOVED, reasons=[reason], record=record)
        if image is None:
            return Change(service=service, kind=Kind.WAITING, reasons=[self._wants()])
        manifest = self._render(service, configuration, image)
        if record is None:
            return Change(service=service, kind=Kind.NEW, reasons=["no record yet"], image=image, manifest=manifest)
        reasons = list(self._reasons(service, configuration, image, record))
        kind = Kind.CHANGED if reasons else Kind.UNCHANGED
        return Change(service=service, kind=kind, reasons=reasons, image=image, manifest=manifest, record=record)

    def _wants(self) -> str:
        """Return what a service without an image waits for."""
        if self.environment.promoted_from:
            return "no image was promoted yet"
        return "no record yet; an apply without --configuration-only makes it"

    def _reasons(self, service: str, configuration: Configuration, image: Image, record: Record) -> Iterator[str]:
        if image.digest != record.digest:
            yield f"image: {short(record.digest)} -> {short(image.digest)}"
        if image.repository != record.repository:
            yield f"repository: {record.repository} -> {image.repository}"
        # Rendered with the recorded image, a difference is due to the configuration or the renderer.
        as_recorded = self._render(service, configuration, record.image)
        there = self.folder.manifest(service)
        if hash_of(as_recorded) != record.manifests:
            yield f"configuration: {', '.join(differences(there or '', as_recorded))}"
        if there is None or hash_of(there) != record.manifests:
            yield "manifests are not those of the record"
        contract = self.contracts.get(service)
        if contract is not None and record.contract is None:
            yield "contract: none is recorded"
        elif contract is not None and record.contract is not None and hash_of(contract) != record.contract:
            yield f"contract: {short(record.contract)} -> {short(hash_of(contract))}"
        if self.is_committed and not record.is_committed:
            yield "source: what had been built from uncommitted changes is committed now"

    def _render(self, service: str, configuration: Configuration, image: Image) -> str:
        release = Release(service=service, environment=self.environment, image=image, configuration=configuration)
        return render(release, source=self.folder.shown(f"{service}.toml"))


def short(digest: str) -> str:
    """Return a digest shortened for a table."""
    return digest[: len("sha256:") + 12]


def differences(old: str, new: str) -> list[str]:
    """Return the first differences between two texts of manifests."""
    before, after = _leaves(old), _leaves(new)
    found = [
        f"{path} {_line(before.get(path, 'none'))} -> {_line(after.get(path, 'none'))}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]
    more = len(found) - _SHOWN
    return [*found[:_SHOWN], *([f"and {more} more"] if more > 0 else [])] or ["rendered in another form"]


def _leaves(text: str) -> dict[str, object]:
    """Return every value of all manifests by its path, which begins with the kind."""
    try:
        documents = [document for document in yaml.safe_load_all(text) if isinstance(document, dict)]
        return dict(leaf for document in documents for leaf in _walk(document, str(document.pop("kind", ""))))
    except (yaml.YAMLError, ValueError, RecursionError):
        # The file on disk need not be one that was rendered.
        return {}


def _line(value: object) -> str:
    """Return a value on one line, without control characters."""
    text = str(value)
    return text if text.isprintable() else json.dumps(text)


def _walk(value: Any, path: str) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - any YAML value
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _walk(below, f"{path}.{key}")
    elif isinstance(value, list):
        for number, below in enumerate(value):
            name = below.get("name", number) if isinstance(below, dict) else number
            yield from _walk(below, f"{path}.{name}")
    else:
        yield path, value

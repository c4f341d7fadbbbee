"""What would change in an environment, and why."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from tools.deploy.configuration import Configuration, Environment
from tools.deploy.connections import check_connections
from tools.deploy.environment_rules import check_proxies
from tools.deploy.images import Image
from tools.deploy.manifests.release import Release
from tools.deploy.manifests.render import namespace, render
from tools.deploy.records import Folder, Record, hash_of

_SHOWN = 4


class Kind(StrEnum):
    """What would become of a service."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    """It is configured, but there is no image for it yet."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One service: what would become of it and why, and what it would run."""

    service: str
    kind: Kind
    reasons: Sequence[str] = ()
    image: Image | None = None
    manifest: str = ""
    record: Record | None = None

    @property
    def is_work(self) -> bool:
        """Whether anything has to be done."""
        return self.kind in {Kind.NEW, Kind.CHANGED, Kind.REMOVED}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All services of an environment."""

    folder: Folder
    registry: str
    changes: Sequence[Change]
    namespace: str
    absent: Sequence[str] = ()
    """Services that nobody configured here."""
    notes: Sequence[str] = ()

    @property
    def work(self) -> list[Change]:
        """What has to be done."""
        return [change for change in self.changes if change.is_work]

    @property
    def is_done(self) -> bool:
        """Whether everything is as it is wanted."""
        return not self.work and self.folder.namespace_is(self.namespace)


def make_plan(folder: Folder, images: Mapping[str, Image], *, registry: str, is_committed: bool) -> Plan:
    """Hold what is wanted against the records; `images` says which image each service should run.

    Raises BadFileError.
    """
    environment, records = folder.environment(), folder.records()
    configurations = folder.configurations()
    check_connections(folder, configurations, namespace=environment.namespace)
    check_proxies(folder, configurations, environment)
    planner = _Planner(folder=folder, environment=environment, is_committed=is_committed)
    changes = [
        planner.change(service, configurations.get(service), images.get(service), records.get(service))
        for service in sorted({*configurations, *records, *folder.rendered()})
    ]
    return Plan(
        folder=folder,
        registry=registry,
        changes=changes,
        namespace=namespace(environment.namespace),
        absent=sorted(images.keys() - configurations.keys() - records.keys()),
    )


@dataclass(frozen=True, kw_only=True)
class _Planner:
    """What all services have in common."""

    folder: Folder
    environment: Environment
    is_committed: bool

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
        """What a service without an image waits for."""
        if self.environment.promoted_from:
            return "no image was promoted yet"
        return "no record yet; an apply without --configuration-only makes it"

    def _reasons(self, service: str, configuration: Configuration, image: Image, record: Record) -> Iterator[str]:
        if image.digest != record.digest:
            yield f"image: {short(record.digest)} -> {short(image.digest)}"
        if image.repository != record.repository:
            yield f"repository: {record.repository} -> {image.repository}"
        # With the recorded image, whatever differs comes from the configuration or from how we render.
        as_recorded = self._render(service, configuration, record.image)
        there = self.folder.manifest(service)
        if hash_of(as_recorded) != record.manifests:
            yield f"configuration: {', '.join(differences(there or '', as_recorded))}"
        if there is None or hash_of(there) != record.manifests:
            yield "manifests are not those of the record"
        if self.is_committed and not record.is_committed:
            yield "source: what had been built from uncommitted changes is committed now"

    def _render(self, service: str, configuration: Configuration, image: Image) -> str:
        release = Release(service=service, environment=self.environment, image=image, configuration=configuration)
        return render(release, source=self.folder.shown(f"{service}.toml"))


def short(digest: str) -> str:
    """A digest that fits a table."""
    return digest[: len("sha256:") + 12]


def differences(old: str, new: str) -> list[str]:
    """What differs between two texts of manifests, for people, the first few."""
    before, after = _leaves(old), _leaves(new)
    found = [
        f"{path} {_line(before.get(path, 'none'))} -> {_line(after.get(path, 'none'))}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]
    more = len(found) - _SHOWN
    return [*found[:_SHOWN], *([f"and {more} more"] if more > 0 else [])] or ["rendered in another form"]


def _leaves(text: str) -> dict[str, object]:
    """Every value of all manifests by its path, beginning with the manifest's kind."""
    try:
        documents = [document for document in yaml.safe_load_all(text) if isinstance(document, dict)]
        return dict(leaf for document in documents for leaf in _walk(document, str(document.pop("kind", ""))))
    except (yaml.YAMLError, ValueError, RecursionError):
        # Not what we wrote.
        return {}


def _line(value: object) -> str:
    """A value on one line, without characters that a terminal or a log obeys."""
    text = str(value)
    return text if text.isprintable() else json.dumps(text)


def _walk(value: Any, path: str) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - whatever YAML holds
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _walk(below, f"{path}.{key}")
    elif isinstance(value, list):
        for number, below in enumerate(value):
            name = below.get("name", number) if isinstance(below, dict) else number
            yield from _walk(below, f"{path}.{name}")
    else:
        yield path, value

"""The files of an environment: configuration, deployment records and manifests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from tools.deploy.configuration import Configuration, Environment, Registry
from tools.deploy.errors import BadFileError, UnknownEnvironmentError
from tools.deploy.files import Part, read_json, read_text, read_toml, write_whole
from tools.deploy.images import USER, Image
from tools.deploy.manifests.render import HEAD
from tools.oci.push.layout import digest_of

CONTRACT = ".openapi.json"
"""End of the name of the file that holds the contract of what is deployed."""

ENVIRONMENT_FILE = "environment.toml"
"""Name of the file that configures an environment."""

# kubectl applies the files of a folder in the order of their names.
_NAMESPACE = "00-namespace"

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Revision = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40,64}$")]


class Record(Part):
    """Deployment record of a service. `manifests` is the hash of the rendered file."""

    digest: Digest
    manifests: Digest
    port: Annotated[int, Field(ge=1, le=65535)]
    # Records from before December 2026 have no user: every image ran as this one.
    user: Annotated[str, StringConstraints(pattern=f"^({USER.pattern})$")] = "65532:65532"
    repository: Registry
    revision: Revision
    is_committed: bool
    time: datetime
    # None in records of before December 2026, and for a service without a contract.
    contract: Digest | None = None

    @property
    def image(self) -> Image:
        """The recorded image."""
        return Image(repository=self.repository, digest=self.digest, port=self.port, user=self.user)


@dataclass(frozen=True, kw_only=True)
class Folder:
    """`deploy/<env>`: the configuration, and the files that //deploy writes."""

    path: Path
    name: str

    @classmethod
    def find(cls, deploy: Path, name: str) -> "Folder":
        """Return the folder of an environment; raises UnknownEnvironmentError."""
        known = sorted(path.parent.name for path in deploy.glob(f"*/{ENVIRONMENT_FILE}"))
        if name not in known:
            raise UnknownEnvironmentError(name, known)
        return cls(path=deploy / name, name=name)

    def shown(self, file: str) -> str:
        """Return the path of a file from the root of the repository."""
        return f"deploy/{self.name}/{file}"

    def environment(self) -> Environment:
        """Read `environment.toml`; raises BadFileError."""
        return read_toml(self.path / ENVIRONMENT_FILE, Environment, shown=self.shown(ENVIRONMENT_FILE))

    def configurations(self) -> dict[str, Configuration]:
        """Read the configuration of each service; raises BadFileError."""
        names = sorted(path.stem for path in self.path.glob("*.toml") if path.name != ENVIRONMENT_FILE)
        return {
            name: read_toml(self.path / f"{name}.toml", Configuration, shown=self.shown(f"{name}.toml"))
            for name in names
        }

    def records(self) -> dict[str, Record]:
        """Read the record of each service that has one; raises BadFileError."""
        return {
            path.stem: read_json(read_text(path, shown=self.shown(path.name)), Record, shown=self.shown(path.name))
            for path in sorted(self.path.glob("*.json"))
            if not path.name.endswith(CONTRACT)
        }

    def contract(self, service: str, record: Record) -> str | None:
        """Return the contract of what is deployed, None where none was recorded; raises BadFileError."""
        if record.contract is None:
            return None
        path = self._contract(service)
        try:
            text = read_text(path, shown=self.shown(path.name))
        except FileNotFoundError as error:
            raise BadFileError(self.shown(path.name), "there is no such file, and the record names it") from error
        if hash_of(text) != record.contract:
            raise BadFileError(self.shown(path.name), "is not the contract of the record; restore both from git")
        return text

    def contracts(self) -> dict[str, str]:
        """Return the recorded contract of each service that has one; raises BadFileError."""
        found = {service: self.contract(service, record) for service, record in self.records().items()}
        return {service: text for service, text in found.items() if text is not None}

    def rendered(self) -> list[str]:
        """Return the services with rendered manifests, recorded or not."""
        names = [path.stem for path in self.path.glob("manifests/*.yaml")]
        return [name for name in names if (self.manifest(name) or "").startswith(HEAD)]

    def manifest(self, service: str) -> str | None:
        """Return the manifests of a service on disk, which may have been edited; None without any."""
        try:
            return self._manifest(service).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def namespace_is(self, manifest: str) -> bool:
        """Return whether the manifest of the namespace on disk is this one."""
        return self.manifest(_NAMESPACE) == manifest

    def write_namespace(self, manifest: str) -> None:
        """Write the manifest of the namespace."""
        write_whole(self._manifest(_NAMESPACE), manifest)

    def written(self, services: Sequence[str]) -> list[Path]:
        """Return the files that //deploy writes for some services, existing or not."""
        records = [path for service in services for path in (self._record(service), self._contract(service))]
        return [*map(self._manifest, [_NAMESPACE, *services]), *records]

    def write(self, service: str, manifest: str, record: Record, *, contract: str | None) -> None:
        """Write manifests, contract and record, the record last: an old record marks unfinished work."""
        write_whole(self._manifest(service), manifest)
        if contract is None:
            self._contract(service).unlink(missing_ok=True)
        else:
            write_whole(self._contract(service), contract)
        document = json.loads(record.model_dump_json(exclude_none=True))
        write_whole(self._record(service), json.dumps(document, indent=2, sort_keys=True) + "\n")

    def remove(self, service: str) -> None:
        """Remove manifests, contract and record, the record last."""
        self._manifest(service).unlink(missing_ok=True)
        self._contract(service).unlink(missing_ok=True)
        self._record(service).unlink(missing_ok=True)

    def _record(self, service: str) -> Path:
        return self.path / f"{service}.json"

    def _contract(self, service: str) -> Path:
        return self.path / f"{service}{CONTRACT}"

    def _manifest(self, service: str) -> Path:
        return self.path / "manifests" / f"{service}.yaml"


def hash_of(text: str) -> str:
    """Return the hash of rendered manifests or of a contract."""
    return digest_of(text.encode())

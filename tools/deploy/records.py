"""Records of what was deployed: `deploy/<env>/<service>.json`, beside what was rendered for it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from tools.deploy.configuration import Configuration, Environment, Registry
from tools.deploy.errors import UnknownEnvironmentError
from tools.deploy.files import Part, read_json, read_text, read_toml, write_whole
from tools.deploy.images import USER, Image
from tools.deploy.manifests.render import HEAD
from tools.oci.push.layout import digest_of

ENVIRONMENT_FILE = "environment.toml"
"""Name of the file that holds for all services of an environment."""

# kubectl takes a folder's files by name.
_NAMESPACE = "00-namespace"

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Revision = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40,64}$")]


class Record(Part):
    """One service in one environment. `manifests` is the hash of the file that was rendered."""

    digest: Digest
    manifests: Digest
    port: Annotated[int, Field(ge=1, le=65535)]
    # Records of before December 2026 name none: every image ran as this one.
    user: Annotated[str, StringConstraints(pattern=f"^({USER.pattern})$")] = "65532:65532"
    repository: Registry
    revision: Revision
    is_committed: bool
    time: datetime

    @property
    def image(self) -> Image:
        """The image that it names."""
        return Image(repository=self.repository, digest=self.digest, port=self.port, user=self.user)


@dataclass(frozen=True, kw_only=True)
class Folder:
    """`deploy/<env>`: what people wrote there, and what we did."""

    path: Path
    name: str

    @classmethod
    def find(cls, deploy: Path, name: str) -> "Folder":
        """The folder of an environment; raises UnknownEnvironmentError."""
        known = sorted(path.parent.name for path in deploy.glob(f"*/{ENVIRONMENT_FILE}"))
        if name not in known:
            raise UnknownEnvironmentError(name, known)
        return cls(path=deploy / name, name=name)

    def shown(self, file: str) -> str:
        """A file of the folder, as people call it."""
        return f"deploy/{self.name}/{file}"

    def environment(self) -> Environment:
        """What holds for all services here; raises BadFileError."""
        return read_toml(self.path / ENVIRONMENT_FILE, Environment, shown=self.shown(ENVIRONMENT_FILE))

    def configurations(self) -> dict[str, Configuration]:
        """What people said of each service; raises BadFileError."""
        names = sorted(path.stem for path in self.path.glob("*.toml") if path.name != ENVIRONMENT_FILE)
        return {
            name: read_toml(self.path / f"{name}.toml", Configuration, shown=self.shown(f"{name}.toml"))
            for name in names
        }

    def records(self) -> dict[str, Record]:
        """The record of each service that has one; raises BadFileError."""
        return {
            path.stem: read_json(read_text(path, shown=self.shown(path.name)), Record, shown=self.shown(path.name))
            for path in sorted(self.path.glob("*.json"))
        }

    def rendered(self) -> list[str]:
        """The services that have manifests of ours, recorded or not."""
        names = [path.stem for path in self.path.glob("manifests/*.yaml")]
        return [name for name in names if (self.manifest(name) or "").startswith(HEAD)]

    def manifest(self, service: str) -> str | None:
        """What was rendered for a service, or whatever lies in its place: it is only compared."""
        try:
            return self._manifest(service).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def namespace_is(self, manifest: str) -> bool:
        """Whether the namespace was rendered like this."""
        return self.manifest(_NAMESPACE) == manifest

    def write_namespace(self, manifest: str) -> None:
        """Write what the services need before they come."""
        write_whole(self._manifest(_NAMESPACE), manifest)

    def written(self, services: Sequence[str]) -> list[Path]:
        """The files that we write for some services, those that are gone among them."""
        records = [self._record(service) for service in services]
        return [*map(self._manifest, [_NAMESPACE, *services]), *records]

    def write(self, service: str, manifest: str, record: Record) -> None:
        """Write both, the record last: as long as it is the old one, the work is not done."""
        write_whole(self._manifest(service), manifest)
        document = json.loads(record.model_dump_json())
        write_whole(self._record(service), json.dumps(document, indent=2, sort_keys=True) + "\n")

    def remove(self, service: str) -> None:
        """Remove both, the record last."""
        self._manifest(service).unlink(missing_ok=True)
        self._record(service).unlink(missing_ok=True)

    def _record(self, service: str) -> Path:
        return self.path / f"{service}.json"

    def _manifest(self, service: str) -> Path:
        return self.path / "manifests" / f"{service}.yaml"


def hash_of(manifest: str) -> str:
    """The hash of what was rendered."""
    return digest_of(manifest.encode())

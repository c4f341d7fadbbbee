"""Records of what was deployed: `deploy/<env>/<service>.json`, beside what was rendered for it."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tools.deploy.configuration import Configuration, Environment
from tools.deploy.errors import UnknownEnvironmentError
from tools.deploy.files import Part, read_json, read_toml, write_whole
from tools.deploy.images import Image
from tools.oci.push.registry import digest_of

_ENVIRONMENT = "environment.toml"
# kubectl takes a folder's files by name.
_NAMESPACE = "00-namespace"


class Record(Part):
    """One service in one environment. `manifests` is the hash of the file that was rendered."""

    digest: str
    manifests: str
    port: int
    repository: str
    revision: str
    is_committed: bool
    time: datetime

    @property
    def image(self) -> Image:
        """The image that it names."""
        return Image(repository=self.repository, digest=self.digest, port=self.port)


@dataclass(frozen=True, kw_only=True)
class Folder:
    """`deploy/<env>`: what people wrote there, and what we did."""

    path: Path
    name: str

    @classmethod
    def find(cls, deploy: Path, name: str) -> "Folder":
        """The folder of an environment; raises UnknownEnvironmentError."""
        known = sorted(path.parent.name for path in deploy.glob(f"*/{_ENVIRONMENT}"))
        if name not in known:
            raise UnknownEnvironmentError(name, known)
        return cls(path=deploy / name, name=name)

    def shown(self, file: str) -> str:
        """A file of the folder, as people call it."""
        return f"deploy/{self.name}/{file}"

    def environment(self) -> Environment:
        """What holds for all services here; raises BadFileError."""
        return read_toml(self.path / _ENVIRONMENT, Environment, shown=self.shown(_ENVIRONMENT))

    def configurations(self) -> dict[str, Configuration]:
        """What people said of each service; raises BadFileError."""
        names = sorted(path.stem for path in self.path.glob("*.toml") if path.name != _ENVIRONMENT)
        return {
            name: read_toml(self.path / f"{name}.toml", Configuration, shown=self.shown(f"{name}.toml"))
            for name in names
        }

    def records(self) -> dict[str, Record]:
        """The record of each service that has one; raises BadFileError."""
        return {
            path.stem: read_json(path.read_text(encoding="utf-8"), Record, shown=self.shown(path.name))
            for path in sorted(self.path.glob("*.json"))
        }

    def manifest(self, service: str) -> str | None:
        """What was rendered for a service."""
        try:
            return self._manifest(service).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def namespace_is(self, manifest: str) -> bool:
        """Whether the namespace was rendered like this."""
        return self.manifest(_NAMESPACE) == manifest

    def write_namespace(self, manifest: str) -> None:
        """Write what the services need before they come."""
        write_whole(self._manifest(_NAMESPACE), manifest)

    def written(self) -> list[Path]:
        """The files that we write, those that are gone among them."""
        return [self.path / "manifests", *self.path.glob("*.json")]

    def write(self, service: str, manifest: str, record: Record) -> None:
        """Write both, the record last: as long as it is the old one, the work is not done."""
        write_whole(self._manifest(service), manifest)
        document = json.loads(record.model_dump_json())
        write_whole(self.path / f"{service}.json", json.dumps(document, indent=2, sort_keys=True) + "\n")

    def remove(self, service: str) -> None:
        """Remove both, the record last."""
        self._manifest(service).unlink(missing_ok=True)
        (self.path / f"{service}.json").unlink(missing_ok=True)

    def _manifest(self, service: str) -> Path:
        return self.path / "manifests" / f"{service}.yaml"


def hash_of(manifest: str) -> str:
    """The hash of what was rendered."""
    return digest_of(manifest.encode())

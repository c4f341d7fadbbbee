"""Push, apply, promote, release and verify two services on each kind of registry, by the commands themselves."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.deploy.testing import DeployWorkspace
from tools.oci.push import push, push_all
from tools.oci.push.crane import Crane
from tools.oci.push.faults import Fault, failing_network
from tools.oci.push.layout import Service, read_services
from tools.oci.registry.server import Registry, Settings, free_port, htpasswd, running_registry
from tools.oci.registry.tokens import Account, Certificate, token_server
from tools.release import release, verify
from tools.release.testing import extended_registry

pytest_plugins = ["tools.oci.push.fixtures"]

LogIn = Callable[[str, str, str], None]

_PASSWORDS = "user:$2a$04$o7CjjN2PPN0EJ3QYAtDVgenwEAI79sa6ZbWy71G9BBuztYJbz0LoG"
_ACCOUNTS = {
    "user": Account(password="password", actions={"*": {"pull", "push"}}),
    "reader": Account(password="password", actions={"*": {"pull"}}),
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A registry to try the commands on, what it needs, and the faults before it."""

    address: str
    has_accounts: bool = False
    certificate: Path | None = None
    faults: tuple[Fault, ...] = ()


def _run(
    folder: Path, *, auth: Settings | None = None, tls: Settings | None = None
) -> AbstractContextManager[Registry]:
    binary = Path(os.environ["DOCKER_REGISTRY"])
    return running_registry(binary, folder=folder, port=free_port(), auth=auth, tls=tls)


@contextmanager
def _with_passwords(folder: Path) -> Iterator[Target]:
    with _run(folder, auth=htpasswd(folder, _PASSWORDS)) as registry:
        yield Target(address=registry.address, has_accounts=True)


@contextmanager
def _with_tokens(folder: Path) -> Iterator[Target]:
    with token_server(folder, _ACCOUNTS) as auth, _run(folder, auth=auth) as registry:
        yield Target(address=registry.address, has_accounts=True)


@contextmanager
def _with_own_authority(folder: Path) -> Iterator[Target]:
    made = Certificate.make(folder)
    tls = {"certificate": str(made.certificate), "key": str(made.key)}
    with _run(folder, auth=htpasswd(folder, _PASSWORDS), tls=tls) as registry:
        yield Target(address=registry.address, has_accounts=True, certificate=made.certificate)


@contextmanager
def _with_immutable_tags(folder: Path) -> Iterator[Target]:
    with _run(folder) as registry, extended_registry(registry.address, immutable=True) as address:
        yield Target(address=address)


@contextmanager
def _with_passing_faults(folder: Path) -> Iterator[Target]:
    faults = (
        Fault(matching="^(PUT|PATCH) .*/blobs/uploads/", times=1),
        Fault(matching="^PUT .*/manifests/sha256:", times=1, status=503),
        Fault(matching="^GET .*/manifests/", times=1),
        Fault(matching="^GET .*/referrers/", times=1, status=502),
        Fault(matching="^POST .*/blobs/uploads/", times=3, status=307, headers={"Location": "{path}"}),
        Fault(matching="^POST .*mount=", status=405, body='{"errors": [{"code": "UNSUPPORTED"}]}'),
    )
    with _run(folder) as registry, failing_network(registry.address, *faults) as address:
        yield Target(address=address, faults=faults)


_TARGETS = {
    "passwords": _with_passwords,
    "tokens": _with_tokens,
    "own authority": _with_own_authority,
    "immutable tags": _with_immutable_tags,
    "passing faults": _with_passing_faults,
}


_WRITING = ("push", "push_all", "apply", "promote", "release")


@dataclass(frozen=True, kw_only=True)
class Commands:
    """The commands that a user types, in a working tree of two services."""

    workspace: DeployWorkspace
    keys: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def services(self) -> list[Service]:
        """The images that were built."""
        return read_services(self.workspace.images)

    def push(self, prefix: str) -> Iterator[int]:
        """Run `image_push` of each service."""
        for service in self.services:
            yield push.main([*self._image(service, prefix), "--tag=v1"])

    def push_all(self, prefix: str) -> Iterator[int]:
        """Run `//:push`."""
        yield push_all.main([f"--images={self.workspace.images}", f"--repository-prefix={prefix}/all", "--tag=v1"])

    def apply(self, prefix: str) -> Iterator[int]:
        """Run `//deploy:apply`."""
        yield self.workspace.run("apply", "--env=staging", f"--registry={prefix}/staging", "--commit")

    def promote(self, prefix: str) -> Iterator[int]:
        """Run `//deploy:promote`."""
        yield self.workspace.run("promote", "--from=staging", "--to=prod", f"--registry={prefix}/prod", "--commit")

    def release(self, prefix: str) -> Iterator[int]:
        """Run `release` of each service."""
        for service in self.services:
            boms = [str(service.layout / f"image_amd64_sbom.{kind}.json") for kind in ("spdx", "cdx")]
            for bom in boms:
                Path(bom).write_text("{}")
            about = ["--target=//services:image", "--lock=docs/configuration.md", f"--key={self.keys}/ours.pem"]
            yield release.main([*self._image(service, prefix), "--sbom", *boms, *about])

    def verify(self, prefix: str) -> Iterator[int]:
        """Run `image_verify` of each service."""
        for service in self.services:
            yield verify.main([*self._image(service, prefix), f"--key={self.keys}/ours.pub"])

    def run(self, prefix: str, *names: str) -> None:
        """Run commands by their names, for both services."""
        for name in names:
            for code in getattr(self, name)(prefix):
                assert code == 0, (name, self.capsys.readouterr().err)

    def refusal(self, prefix: str, name: str) -> str:
        """Run a command that fails with one sentence, for the first service; return that."""
        self.capsys.readouterr()
        assert next(getattr(self, name)(prefix)) == 1
        [line] = self.capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        return line

    @staticmethod
    def _image(service: Service, prefix: str) -> list[str]:
        name = service.name
        return [f"--image={service.layout}", f"--default-repository=x/{name}", f"--repository={prefix}/{name}"]


@pytest.fixture
def commands(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """A working tree where nothing is deployed, which names a registry that is not there."""
    return Commands(
        workspace=DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch), keys=keys, capsys=capsys
    )


@pytest.mark.parametrize("target", _TARGETS)
def test_registry_takes_all_commands(
    tmp_path: Path, target: str, commands: Commands, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command succeeds, pushes also when all is there, and the registry has what was built."""
    folder = tmp_path / "data"
    folder.mkdir()
    with _TARGETS[target](folder) as made:
        prefix = f"{made.address}/team"
        if made.has_accounts:
            log_in(made.address, "user", "password")
        if made.certificate:
            monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
        commands.run(prefix, *_WRITING, "verify", "push", "push_all")
        crane = Crane.from_environment()
        for service in commands.services:
            tagged = [f"{prefix}/{service.name}:v1", f"{prefix}/all/{service.name}:v1"]
            deployed = [
                f"{prefix}/{environment}/{service.name}@{service.digest}" for environment in ("staging", "prod")
            ]
            assert {crane.digest(reference) for reference in [*tagged, *deployed]} == {service.digest}
    assert all(fault.times == 0 or "mount" in fault.matching for fault in made.faults)


def test_account_that_may_only_pull(tmp_path: Path, commands: Commands, log_in: LogIn) -> None:
    """It can verify releases; each command that writes fails with one sentence that names the required account."""
    folder = tmp_path / "data"
    folder.mkdir()
    with _with_tokens(folder) as made:
        there, other = f"{made.address}/there", f"{made.address}/other"
        log_in(made.address, "user", "password")
        commands.run(there, "apply", "release")
        log_in(made.address, "reader", "password")
        commands.run(there, "verify")
        for name in _WRITING:
            sentence = commands.refusal(other, name)
            assert "UNAUTHORIZED" in sentence
            assert sentence.endswith("(`docker login` with an account that may do this)")


_DENIED = '{"errors": [{"code": "DENIED", "message": "the account is closed"}]}'


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(matching="", status=403, body=_DENIED), "the account is closed"),
        (Fault(matching="", status=200, body="<html>log in"), "localhost:"),
        (Fault(matching="", status=200, body='{"manifests": [1]}'), "localhost:"),
        (Fault(matching="", status=401, headers={"WWW-Authenticate": "Bearer"}), "localhost:"),
        (Fault(matching="", status=307, headers={"Location": "{path}"}), "redirect"),
    ],
    ids=["denied", "page", "junk", "bad challenge", "redirects in circles"],
)
def test_registry_that_fails_is_one_sentence(registry: Registry, commands: Commands, fault: Fault, words: str) -> None:
    """Every command ends with 1 and one sentence for an answer that no registry should give."""
    commands.run(registry.address, "apply")
    with failing_network(registry.address, fault) as address:
        sentences = [commands.refusal(address, name) for name in (*_WRITING, "verify")]
    assert all(words in sentence for sentence in sentences), sentences

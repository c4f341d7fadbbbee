"""Addresses are looked up once, and again when the configuration changes."""

import os
from pathlib import Path

import pytest

from tools.airgap import addresses, apt, indexes, mirrors
from tools.airgap.errors import AirgapError
from tools.airgap.mirrors import Mirror
from tools.airgap.paths import Paths


class Machine:
    """A machine whose configuration is one file, and a count of the reads of that file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lookups = folder, 0
        self.mirror: Mirror | None = Mirror("http://m.test")
        self.env = {"HOME": str(folder)}
        index = folder / "root" / addresses.PACKAGE_INDEX_FILE
        index.parent.mkdir(parents=True)
        index.write_text("http://default.test/simple\n")

    def debian_mirror(self, env: object) -> Mirror:
        """Replace the lookup."""
        del env
        self.lookups += 1
        if not self.mirror:
            raise AirgapError("none")
        return self.mirror

    def ask(self, **env: str) -> dict[str, str]:
        """Ask for the addresses as bazelw does at each call."""
        paths = Paths("/checkout", str(self.folder / "cache"))
        return addresses.addresses(str(self.folder / "root"), paths, {**self.env, **env})


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with a Debian mirror and nothing else."""
    machine = Machine(tmp_path)
    monkeypatch.setattr(mirrors, "debian_mirror", machine.debian_mirror)
    monkeypatch.setattr(mirrors, "security_mirror", lambda _: None)
    monkeypatch.setattr(apt, "source_files", lambda: [str(tmp_path / "sources.list")])
    monkeypatch.setattr(indexes, "pip_files", lambda _: [str(tmp_path / "pip.conf")])
    monkeypatch.setattr(indexes, "ask_npm", lambda _: "")
    return machine


def test_defaults(machine: Machine) -> None:
    """If pip is not configured, the index is pip's default."""
    assert machine.ask() == {
        "DEBIAN_MIRROR": "http://m.test",
        "PIP_INDEX_URL": "http://default.test/simple",
    }


def test_configured(machine: Machine) -> None:
    """Values of environment variables are passed on under the same names."""
    env = {
        "PIP_INDEX_URL": "http://i.test",
        "PIP_EXTRA_INDEX_URL": "http://a.test\n  http://b.test",
        "NPM_CONFIG_REGISTRY": "http://n.test",
    }
    machine.mirror = Mirror("http://m.test", "http://proxy.test")
    assert machine.ask(**env) == {
        "DEBIAN_MIRROR": "http://m.test",
        "NPM_CONFIG_REGISTRY": "http://n.test",
        "PIP_EXTRA_INDEX_URL": "http://a.test http://b.test",
        "PIP_INDEX_URL": "http://i.test",
        "http_proxy": "http://proxy.test",
    }


def test_security_archive_of_its_own(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror of the security archive is passed on."""
    monkeypatch.setattr(mirrors, "security_mirror", lambda _: Mirror("http://s.test"))
    assert machine.ask()["DEBIAN_SECURITY_MIRROR"] == "http://s.test"


def test_proxy_of_the_caller_wins(machine: Machine) -> None:
    """A proxy in the environment takes precedence over apt's."""
    machine.mirror = Mirror("http://m.test", "http://proxy.test")
    assert "http_proxy" not in machine.ask(http_proxy="http://own.test")


def test_looked_up_once(machine: Machine) -> None:
    """The second call uses the cache; only the owner can read the cache file."""
    assert machine.ask() == machine.ask()
    assert machine.lookups == 1
    remembered = machine.folder / "cache" / "etc" / "addresses.json"
    assert remembered.stat().st_mode & 0o777 == 0o600


def test_looked_up_again(machine: Machine) -> None:
    """A changed file or variable causes a new lookup."""
    machine.ask()
    (machine.folder / "sources.list").touch()
    machine.ask()
    os.utime(machine.folder / "sources.list", (1, 1))
    machine.ask()
    machine.ask(DEBIAN_MIRROR="http://other.test")
    assert machine.lookups == 4


def test_failure_is_not_remembered(machine: Machine) -> None:
    """A machine without a mirror continues without one, and the next call looks it up again."""
    machine.mirror = None
    assert "DEBIAN_MIRROR" not in machine.ask()
    machine.mirror = Mirror("http://m.test")
    assert machine.ask()["DEBIAN_MIRROR"] == "http://m.test"


def test_spoiled_memory(machine: Machine) -> None:
    """A cache file that cannot be parsed is ignored."""
    machine.ask()
    (machine.folder / "cache" / "etc" / "addresses.json").write_text("{")
    assert machine.ask()["DEBIAN_MIRROR"] == "http://m.test"

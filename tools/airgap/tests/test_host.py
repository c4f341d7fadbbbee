"""Unmet requirements are refused with one line that names what is missing and the remedy."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from tools.airgap import host
from tools.airgap.errors import AirgapError
from tools.airgap.paths import Paths

Usage = namedtuple("Usage", "total used free")
PATHS = Paths("/checkout", "/cache")


class Programs:
    """A fake of shutil.which and subprocess.run."""

    def __init__(self, *present: str) -> None:
        self.present = set(present)
        self.answers: dict[str, int] = {}
        self.ran: list[str] = []

    def which(self, program: str, path: str) -> str | None:
        """Return the path of a program, or None."""
        return f"{path}/{program}" if program in self.present else None

    def run(self, command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
        """Return the exit code that is configured for the command's prefix."""
        del options
        line = " ".join(command)
        self.ran.append(line)
        codes = [code for begin, code in self.answers.items() if line.startswith(begin)]
        return subprocess.CompletedProcess(command, codes[0] if codes else 0, "", "not permitted\nE: why")


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    """A Debian machine with all requirements, used by root."""
    fakes = Programs("apt-get", "mmdebstrap", "bwrap", "newuidmap")
    monkeypatch.setattr(shutil, "which", fakes.which)
    monkeypatch.setattr(subprocess, "run", fakes.run)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10e9, 0, 10e9))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "SETTINGS", ())
    return fakes


def test_all_is_well(programs: Programs) -> None:
    """If nothing is missing, nothing is installed."""
    host.prepare(PATHS)
    assert not [line for line in programs.ran if line.startswith("apt-get")]


def test_not_linux(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealed root is refused on operating systems other than Linux."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(AirgapError, match="needs Linux"):
        host.prepare(PATHS)
    assert programs.ran == []


def test_not_debian(programs: Programs) -> None:
    """Without apt-get, the error names both missing programs."""
    programs.present = set()
    with pytest.raises(AirgapError, match="mmdebstrap and bubblewrap missing, and there is no apt-get"):
        host.prepare(PATHS)


def test_other_distribution_with_the_programs(programs: Programs) -> None:
    """A machine that is not Debian but has both programs is accepted."""
    programs.present = {"mmdebstrap", "bwrap"}
    host.prepare(PATHS)


def test_root_installs_what_is_missing(programs: Programs) -> None:
    """Root installs the missing one of the two, after an update if it needs one."""
    programs.present.remove("bwrap")
    programs.answers = {"apt-get install": 100}
    with pytest.raises(AirgapError, match=r"cannot install bubblewrap with `apt-get install .*`: E: why"):
        host.prepare(PATHS)
    install = "apt-get install --yes --no-install-recommends bubblewrap"
    assert programs.ran[1:] == [install, "apt-get update", install]


def test_others_are_told_the_command(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a user who is not root has the command to run; nothing is installed."""
    programs.present.remove("mmdebstrap")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(AirgapError, match=r"sudo apt-get install .* mmdebstrap$"):
        host.prepare(PATHS)
    assert not [line for line in programs.ran if line.startswith("apt-get")]


def test_container_without_namespaces(programs: Programs) -> None:
    """In a container that forbids namespaces even to root, the error names the options to start the container with."""
    programs.answers = {"unshare --mount unshare --user": 1}
    with pytest.raises(AirgapError, match=r"forbidden here: not permitted; a container .*--privileged"):
        host.prepare(PATHS)


@pytest.mark.parametrize("setting", host.SETTINGS)
def test_forbidding_setting_is_named(
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    setting: host.Setting,
) -> None:
    """The kernel setting that forbids user namespaces is named, with the command that changes it."""
    (tmp_path / "setting").write_text(f"{setting.forbids}\n")
    monkeypatch.setattr(host.Setting, "path", str(tmp_path / "setting"))
    monkeypatch.setattr(host, "SETTINGS", (setting,))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    programs.answers = {"unshare --user": 1}
    with pytest.raises(AirgapError, match=f"`sudo sysctl {setting.name}={setting.allows}` allows them"):
        host.prepare(PATHS)


def test_disk_too_small(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with too little free space is refused before anything is written."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1e9, 0, 0.2e9))
    with pytest.raises(AirgapError, match=r"/cache has 0\.2 GB free; the sealed root needs 1\.5 GB"):
        host.prepare(PATHS)
    assert len(programs.ran) == 1


def test_ids_of_an_ordinary_user(
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The error for a user without a range of ids states how to get one; a user with a range is accepted."""
    (tmp_path / "ids").write_text("somebody:100000:65536\n")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(host, "ID_RANGES", (str(tmp_path / "ids"),))
    with pytest.raises(AirgapError, match=r"no range of ids in .*: sudo usermod --add-subuids"):
        host.prepare(PATHS)
    (tmp_path / "ids").write_text(f"{os.getuid()}:100000:65536\n")
    host.prepare(PATHS)
    programs.present.remove("newuidmap")
    with pytest.raises(AirgapError, match="sudo apt-get install uidmap"):
        host.prepare(PATHS)

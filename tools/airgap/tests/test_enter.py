"""Entering the sealed root: the caller, the workspace and the restart of a running Bazel server."""

import os
import shutil
from pathlib import Path

import pytest

from tools.airgap import enter
from tools.airgap.bind_mounts import BindMount
from tools.airgap.paths import Paths


def test_workspace_is_the_nearest(tmp_path: Path) -> None:
    """The nearest folder with a MODULE.bazel counts, as for Bazel; without one there is none."""
    inner = tmp_path / "outer" / "inner" / "deep"
    inner.mkdir(parents=True)
    assert enter.workspace_of(str(inner)) == ""
    for folder in (tmp_path / "outer", inner.parent):
        (folder / "MODULE.bazel").touch()
    assert enter.workspace_of(str(inner)) == str(inner.parent)


def test_mark_follows_the_folder(tmp_path: Path) -> None:
    """A folder that was deleted and created again changes the mark, since a running server still has the old one."""
    workspace = tmp_path / "ws"
    workspace.mkdir()
    seen = [BindMount("", "/home/me"), BindMount(str(workspace), str(workspace), writable=True)]
    first = enter.mark_of("/root", seen)
    (workspace / "file").touch()
    assert enter.mark_of("/root", seen) == first
    workspace.rename(tmp_path / "old")
    shutil.copytree(tmp_path / "old", workspace)
    assert enter.mark_of("/root", seen) != first
    assert enter.mark_of("/another root", seen) != enter.mark_of("/root", seen)


def test_mark_follows_the_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed airgap.bazelrc restarts the server, since tests that start a Bazel read the rc file of the server."""
    options = tmp_path / "checkout" / "tools" / "airgap" / "airgap.bazelrc"
    options.parent.mkdir(parents=True)
    monkeypatch.setattr(enter, "addresses", lambda *_: {})
    paths = Paths(str(tmp_path / "checkout"), str(tmp_path / "cache"))

    def startup(text: str) -> list[str]:
        options.write_text(text)
        return Path(enter.system_rc("/root", paths, {}, [])).read_text().splitlines()[:4]

    first = startup("common --color=yes\n")
    assert startup("common --color=yes\n") == first
    assert startup("common --color=no\n") != first


@pytest.mark.parametrize(
    ("named", "home"),
    [("/home/me/", "/home/me"), ("/", "/cache/home"), ("", "/cache/home")],
)
def test_home(monkeypatch: pytest.MonkeyPatch, named: str, home: str) -> None:
    """A caller without a home folder gets a substitute."""
    monkeypatch.setenv("HOME", named)
    assert enter.home(Paths("/checkout", "/cache")) == home


def test_caller_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root's passwd has exactly one line for the caller, for any user name on the host."""
    (tmp_path / "root" / "etc").mkdir(parents=True)
    passwd = tmp_path / "root" / "etc" / "passwd"
    passwd.write_text("root:x:0:0:root:/root:/bin/bash\n")
    paths = Paths("/checkout", str(tmp_path / "cache"))
    monkeypatch.setenv("USER", "DOMAIN\\me")
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(os, "getgid", lambda: 99)
    made = Path(enter.users(str(tmp_path / "root"), paths, "/home/me")).read_text()
    assert made.splitlines()[1:] == ["DOMAINme:x:1234:99::/home/me:/bin/bash"]
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert Path(enter.users(str(tmp_path / "root"), paths, "/root")).read_text() == passwd.read_text()

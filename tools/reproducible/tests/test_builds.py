"""Two clones are built under the conditions asked for, and their digests are read.

The launcher in these repositories is a script that writes down how it was called: starting Bazel on
this repository is what the tool is for, and no test does that.
"""

import subprocess
from pathlib import Path

import pytest

from tools.reproducible.builds import BuildFailedError, cloned
from tools.reproducible.conditions import HOSTILE, PLAIN
from tools.reproducible.surroundings import Surroundings

LAUNCHER = """#!/bin/bash
{ echo "$@"; echo "HOME=$HOME TZ=$TZ umask=$(umask)"; } >> calls
case "$*" in
  *" query "*) printf '//services/a:image.digest\\n' ;;
  *" info "*) pwd ;;
  *" cquery "*) printf 'digest\\nother\\n' ;;
  *" build "*) echo sha256:1234 > digest; exit "$(cat exit_code)" ;;
esac
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A committed repository whose launcher only writes down its calls."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "bazelw").write_text(LAUNCHER)
    (folder / "bazelw").chmod(0o755)
    (folder / "exit_code").write_text("0")
    for command in ("init -q", "add .", "-c user.name=n -c user.email=e commit -qm first"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    return folder


def test_digests_are_read_by_label(workspace: Path, tmp_path: Path) -> None:
    """The first file of each target holds its digest."""
    bazel = cloned(workspace, tmp_path / "scratch", PLAIN)
    assert bazel.digests() == {"//services/a:image.digest": "sha256:1234"}


def test_each_clone_lives_under_its_own_conditions(workspace: Path, tmp_path: Path) -> None:
    """Folder, output base, HOME, time zone and umask differ between the two builds."""
    calls = []
    for conditions in (PLAIN, HOSTILE):
        bazel = cloned(workspace, tmp_path / "scratch", conditions)
        bazel.digests()
        calls.append((bazel.folder / "calls").read_text())
    plain, hostile = calls
    assert "base-of-plain" in plain
    assert "base-of-hostile" in hostile
    assert "home of plain TZ=UTC umask=0022" in plain
    assert "home of hostile TZ=Pacific/Kiritimati umask=0077" in hostile


def test_surroundings_are_there_for_every_call(workspace: Path, tmp_path: Path) -> None:
    """The launcher is started by their command, and what builds has their flags."""
    surroundings = Surroundings(command=("env", "TZ=Europe/Paris"), flags=("--odd",))
    bazel = cloned(workspace, tmp_path / "scratch", PLAIN).within(surroundings)
    bazel.digests()
    calls = (bazel.folder / "calls").read_text().splitlines()
    assert all("TZ=Europe/Paris" in line for line in calls[1::2])
    assert all("--odd" in line for line in calls[2::2])


def test_the_working_tree_is_left_out(workspace: Path, tmp_path: Path) -> None:
    """Only committed files are built."""
    (workspace / "uncommitted").touch()
    assert not (cloned(workspace, tmp_path / "scratch", PLAIN).folder / "uncommitted").exists()


def test_a_failed_build_says_so(workspace: Path, tmp_path: Path) -> None:
    """Bazel's exit code is carried along."""
    bazel = cloned(workspace, tmp_path / "scratch", PLAIN)
    (bazel.folder / "exit_code").write_text("7")
    with pytest.raises(BuildFailedError) as failure:
        bazel.digests()
    assert failure.value.exit_code == 7

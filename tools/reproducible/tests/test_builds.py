"""Builds of clones, with a fake launcher that logs its calls."""

import subprocess
from pathlib import Path

import pytest

from tools.reproducible.build_environment import BuildEnvironment
from tools.reproducible.builds import BuildFailedError, clone
from tools.reproducible.conditions import REFERENCE, VARIED

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
    """Return a repository with the fake launcher."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "bazelw").write_text(LAUNCHER)
    (folder / "bazelw").chmod(0o755)
    (folder / "exit_code").write_text("0")
    for command in ("init -q", "add .", "-c user.name=n -c user.email=e commit -qm first"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    return folder


def test_digests_are_read_by_label(workspace: Path, tmp_path: Path) -> None:
    """The digest of a target is the content of its first file."""
    bazel = clone(workspace, tmp_path / "clones", REFERENCE)
    assert bazel.digests() == {"//services/a:image.digest": "sha256:1234"}


def test_conditions_differ(workspace: Path, tmp_path: Path) -> None:
    """Output base, HOME, time zone and umask differ between the two builds."""
    calls = []
    for conditions in (REFERENCE, VARIED):
        bazel = clone(workspace, tmp_path / "clones", conditions)
        bazel.digests()
        calls.append((bazel.folder / "calls").read_text())
    reference, varied = calls
    assert "base-of-reference" in reference
    assert "base-of-varied" in varied
    assert "home of reference TZ=UTC umask=0022" in reference
    assert "home of varied TZ=Pacific/Kiritimati umask=0077" in varied


def test_every_call_is_in_the_environment(workspace: Path, tmp_path: Path) -> None:
    """The command of the environment starts the launcher, and its flags are passed to the build."""
    environment = BuildEnvironment(command=("env", "TZ=Europe/Paris"), flags=("--odd",))
    bazel = clone(workspace, tmp_path / "clones", REFERENCE).in_environment(environment)
    bazel.digests()
    calls = (bazel.folder / "calls").read_text().splitlines()
    assert all("TZ=Europe/Paris" in line for line in calls[1::2])
    assert all("--odd" in line for line in calls[2::2])


def test_the_working_tree_is_left_out(workspace: Path, tmp_path: Path) -> None:
    """Uncommitted files are not in the clone."""
    (workspace / "uncommitted").touch()
    assert not (clone(workspace, tmp_path / "clones", REFERENCE).folder / "uncommitted").exists()


def test_failed_build_is_an_error(workspace: Path, tmp_path: Path) -> None:
    """The error has the exit code of Bazel."""
    bazel = clone(workspace, tmp_path / "clones", REFERENCE)
    (bazel.folder / "exit_code").write_text("7")
    with pytest.raises(BuildFailedError) as failure:
        bazel.digests()
    assert failure.value.exit_code == 7

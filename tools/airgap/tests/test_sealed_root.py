"""A sealed root is complete or absent, however the process that makes it ends."""

import errno
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.airgap import bootstrap, sealed_root
from tools.airgap.errors import AirgapError
from tools.airgap.paths import Paths

HERE = Path("tools/airgap")

MAKER = """
import sys
from pathlib import Path
from tools.airgap import bootstrap, sealed_root
from tools.airgap.paths import Paths

def build(folder, paths, lock):
    Path(folder, "usr").mkdir(parents=True)
    with Path(sys.argv[2], "makers").open("a") as file:
        file.write("one\\n")
    sys.stdin.read()
    return "7.7.1"

bootstrap.build = build
print(sealed_root.ensure(Paths(sys.argv[1], sys.argv[2])))
"""
"""Makes a root, which takes until its standard input ends: CHECKOUT CACHE."""
PATIENCE = 60


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A checkout with the ingredients, and an empty cache."""
    airgap = tmp_path / "checkout" / "tools" / "airgap"
    airgap.mkdir(parents=True)
    for name in sealed_root.INGREDIENTS:
        shutil.copy(HERE / name, airgap)
    return Paths(str(tmp_path / "checkout"), str(tmp_path / "cache"))


def maker(paths: Paths, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
    """Start a process that makes the root."""
    command = [sys.executable, "-c", MAKER, paths.repository, paths.cache]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, env=env, text=True, stdin=stdin, stdout=-1, stderr=-1)


def wait_for(path: Path) -> None:
    """Wait until the file is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.05)


def built(folder: str, paths: Paths, lock: int) -> str:
    """Replace mmdebstrap."""
    del paths, lock
    Path(folder, "usr").mkdir(parents=True)
    return "7.7.1+ds-8"


def test_key_follows_the_ingredients(paths: Paths) -> None:
    """The key depends on each ingredient and on nothing else."""
    keys = [sealed_root.key(paths.airgap)]
    for name in sealed_root.INGREDIENTS:
        with Path(paths.airgap, name).open("a", encoding="utf-8") as file:
            file.write("# one more\n")
        keys.append(sealed_root.key(paths.airgap))
    Path(paths.airgap, "README.md").touch()
    assert len(set(keys)) == len(sealed_root.INGREDIENTS) + 1
    assert keys[-1] == sealed_root.key(paths.airgap)


def test_root_is_made_once(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call finds what the first made."""
    monkeypatch.setattr(bootstrap, "build", built)
    root = sealed_root.ensure(paths)
    monkeypatch.setattr(bootstrap, "build", None)
    assert sealed_root.ensure(paths) == root
    assert Path(root, "usr").is_dir()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AirgapError("the mirror is down"), "the mirror is down"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device"),
    ],
)
def test_failure_leaves_nothing(
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    """A failure while the root is made is a one-line error and leaves no part of a root."""

    def fails(folder: str, paths: Paths, lock: int) -> str:
        built(folder, paths, lock)
        raise error

    monkeypatch.setattr(bootstrap, "build", fails)
    with pytest.raises(AirgapError, match=said):
        sealed_root.ensure(paths)
    assert os.listdir(paths.sealed) == ["lock"]


def test_two_at_once(paths: Paths) -> None:
    """Of two processes, one makes the root; the other prints that it waits, and then uses that root."""
    making = maker(paths, subprocess.PIPE)
    wait_for(Path(paths.cache, "makers"))
    waiting = maker(paths)
    assert waiting.stderr
    assert select.select([waiting.stderr], [], [], PATIENCE)[0]
    assert "waiting for another bazelw" in waiting.stderr.readline()
    root, _ = making.communicate(timeout=PATIENCE)
    assert waiting.communicate(timeout=PATIENCE) == (root, "")
    assert Path(root.strip(), "usr").is_dir()
    assert Path(paths.cache, "makers").read_text() == "one\n"


def test_killed_half_way(paths: Paths) -> None:
    """The next bazelw removes what a killed one left, and makes the root again."""
    killed = maker(paths, subprocess.PIPE)
    wait_for(Path(paths.cache, "makers"))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert [name for name in os.listdir(paths.sealed) if name.endswith(".part")]
    out, err = maker(paths).communicate(timeout=PATIENCE)
    assert Path(out.strip(), "usr").is_dir(), err
    assert sorted(os.listdir(paths.sealed)) == sorted(["lock", Path(out.strip()).name])


def test_old_roots_go(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a new root removes all roots that were not entered for two weeks, including their read-only folders."""
    monkeypatch.setattr(bootstrap, "build", built)
    old, young = Path(paths.sealed, "a" * 16), Path(paths.sealed, "b" * 16)
    for root in (old, young):
        (root / "usr" / "lib").mkdir(parents=True)
    (old / "usr" / "lib").chmod(0o555)
    long_ago = time.time() - 86400 * (sealed_root.UNUSED_DAYS + 1)
    os.utime(old, (long_ago, long_ago))
    sealed_root.ensure(paths)
    assert young.exists()
    assert not old.exists()


def test_entering_counts_as_use(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root in use does not age."""
    monkeypatch.setattr(bootstrap, "build", built)
    root = sealed_root.ensure(paths)
    os.utime(root, (0, 0))
    sealed_root.ensure(paths)
    assert time.time() - Path(root).stat().st_mtime < 60

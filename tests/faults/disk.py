"""A small disk that can be filled: a tmpfs in a separate mount namespace, which other programs can enter.

`disk.py KIB small|read-only FOLDER` mounts it on FOLDER with the files of FOLDER, and keeps it until its standard input
ends. It runs as a separate process, because a process with threads cannot create a user namespace.
"""

import contextlib
import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_RDONLY, _MS_REMOUNT = 1, 32
# Not root: PostgreSQL refuses to run as root.
_NOBODY = 65534
_FILLER = "filler"
_libc = ctypes.CDLL(None, use_errno=True)


class Disk:
    """A disk that is visible only to programs started with its prefix."""

    def __init__(self, folder: Path, keeper: int) -> None:
        self._seen_from_here = Path(f"/proc/{keeper}/root{folder}")
        self.through: Sequence[str] = (
            "nsenter",
            "--user",
            "--mount",
            "--preserve-credentials",
            f"--target={keeper}",
        )

    def fill(self, *, leaving: int) -> None:
        """Fill the disk except for `leaving` KiB."""
        room = os.statvfs(self._seen_from_here)
        with (self._seen_from_here / _FILLER).open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, room.f_bavail * room.f_frsize - leaving * 1024)

    def make_room(self) -> None:
        """Free the space that `fill` took."""
        (self._seen_from_here / _FILLER).unlink()


@contextlib.contextmanager
def small_disk(folder: Path, *, kib: int, kind: str = "small") -> Iterator[Disk]:
    """Mount a disk of `kib` KiB on `folder` until the context ends."""
    command = [sys.executable, __file__, str(kib), kind, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"made\n", f"no disk at {folder}"
        # The end of the context closes the pipe, which ends the keeper process.
        yield Disk(folder, keeper.pid)


def _keep(kib: str, kind: str, folder: str) -> None:
    _enter_namespaces()
    _mount(Path(folder), kib)
    if kind == "read-only":
        _checked(_libc.mount(b"none", folder.encode(), None, _MS_REMOUNT | _MS_RDONLY, None))
    print("made", flush=True)
    sys.stdin.read()


def _enter_namespaces() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _checked(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1")


def _mount(folder: Path, kib: str) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    _checked(_libc.mount(b"none", str(folder).encode(), b"tmpfs", 0, f"size={kib}k,mode=700".encode()))
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    _keep(*sys.argv[1:])

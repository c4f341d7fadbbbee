"""Run a program that sees a disk of its own, made in its own namespaces.

disk.py small|read-only FOLDER PROGRAM ARGUMENT...

The disk has 700 KiB, the files of FOLDER and a `filler` of 200 KiB; it lies in FOLDER's place. A process of its own
because none with threads can enter a user namespace.
"""

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_RDONLY, _MS_REMOUNT = 1, 32
_FILLER = bytes(200 * 1024)
_libc = ctypes.CDLL(None, use_errno=True)


def main(kind: str, folder: str, *command: str) -> None:
    """Become the program."""
    _enter_namespaces()
    _mount_small(Path(folder))
    if kind == "read-only":
        _checked(_libc.mount(b"none", folder.encode(), None, _MS_REMOUNT | _MS_RDONLY, None))
    os.execv(command[0], command)


def _enter_namespaces() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _checked(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def _mount_small(folder: Path) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    _checked(_libc.mount(b"none", str(folder).encode(), b"tmpfs", 0, b"size=700k"))
    for name, content in {**files, "filler": _FILLER}.items():
        (folder / name).write_bytes(content)


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Run a program in the root file system of an image, as a container engine would, using only kernel features.

container.py ROOT --user UID:GID [--env KEY=VALUE]... [--workdir FOLDER] --data FOLDER -- PROGRAM ARGUMENT...
container.py --probe

The program runs as that user without capabilities. It has the image read-only, an empty /tmp, `--data` as
/data, and the caller's network. `--probe` only tests whether this machine permits that; if not, the exit code is 3.
This is a separate process because a process with threads cannot enter a user namespace.
"""

import argparse
import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWIPC = 0x00020000, 0x10000000, 0x08000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_PR_SET_NO_NEW_PRIVS = 38
_FORBIDDEN = 3
_DEVICES = ("full", "null", "random", "urandom", "zero")

_libc = ctypes.CDLL(None, use_errno=True)


class NamespacesForbiddenError(Exception):
    """This machine does not permit unprivileged processes to create namespaces."""


def main(arguments: list[str]) -> None:
    """Enter the container and replace this process by the program."""
    if arguments == ["--probe"]:
        enter_namespaces("1:1")
        return
    parser = argparse.ArgumentParser(prog="container")
    parser.add_argument("root", type=Path)
    parser.add_argument("--user", required=True)
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--workdir", default="/")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("program", nargs="+")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    enter_namespaces(options.user)
    mount_all(root, data=options.data.resolve())
    os.chroot(root)
    os.chdir(options.workdir)
    _checked("prctl", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    os.execve(options.program[0], options.program, dict(pair.split("=", 1) for pair in options.env))  # noqa: S606


def enter_namespaces(user: str) -> None:
    """Enter new namespaces as the user UID:GID, with permission to mount.

    Raises NamespacesForbiddenError.
    """
    inside_uid, inside_gid = map(int, user.split(":"))
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWIPC) != 0:
        raise NamespacesForbiddenError(
            f"unshare: {os.strerror(ctypes.get_errno())}. Allow user namespaces with sysctl: "
            "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, "
            "user.max_user_namespaces above 0"
        )
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside_uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inside_gid} {gid} 1")


def mount_all(root: Path, *, data: Path) -> None:
    """Mount the image read-only, then the folders that a container may write to."""
    _mount("none", Path("/"), flags=_MS_REC | _MS_PRIVATE)
    _mount(str(root), root, flags=_MS_BIND)
    _mount("none", root, flags=_MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    _mount("tmpfs", root / "tmp", kind="tmpfs", flags=_MS_NOSUID | _MS_NODEV)
    _mount("tmpfs", root / "dev", kind="tmpfs", flags=_MS_NOSUID)
    _mount(str(data), root / "data", flags=_MS_BIND)
    for name in _DEVICES:
        device = root / "dev" / name
        device.touch()
        _mount(f"/dev/{name}", device, flags=_MS_BIND)
    _mount("none", root / "dev", flags=_MS_REMOUNT | _MS_RDONLY | _MS_NOSUID)


def _mount(source: str, target: Path, *, kind: str = "", flags: int) -> None:
    result = _libc.mount(source.encode(), str(target).encode(), kind.encode() or None, flags, None)
    _checked(f"mount {source} on {target}", result)


def _checked(what: str, result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except NamespacesForbiddenError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(_FORBIDDEN)

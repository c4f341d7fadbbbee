"""Another date, and another order of files in folders, for the actions of a build.

Bazel gives actions neither the caller's variables nor control over their folders. So bubblewrap starts Bazel in a mount
namespace in which sandboxes see another /etc/ld.so.preload, which loads libfaketime, and are in a tmpfs, which lists
the newest file first. Bazel itself has the real date, because certificates of mirrors are not valid a year ahead.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

DAYS_AHEAD = 400

_ETC = Path("/etc")
_OWN_FILES = _ETC / "build_environment"
_PRELOAD = _ETC / "ld.so.preload"


@dataclass(frozen=True)
class BuildEnvironment:
    """The command that starts a program in this environment, and the flags that Bazel needs in it."""

    command: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def varied_environment(library: Path, folder: Path) -> BuildEnvironment:
    """Return an environment with another date and order of files, or the usual one if bubblewrap is not installed.

    Args:
        library: libfaketime for this machine.
        folder: For the files of the environment.
    """
    bubblewrap = shutil.which("bwrap")
    if not bubblewrap:
        return BuildEnvironment()
    preload = _write(folder / "preload", f"{_OWN_FILES / 'faketime.so'}\n")
    clock = _write(folder / "faketimerc", f"+{DAYS_AHEAD}d\n")
    mounts = {
        library.resolve(): _OWN_FILES / "faketime.so",
        preload: _OWN_FILES / "preload",
        clock: _ETC / "faketimerc",
        # Empty outside of sandboxes: sandboxes need an existing file to mount theirs over.
        _write(folder / "empty", ""): _PRELOAD,
    }
    binds = [word for source, target in mounts.items() for word in ("--ro-bind", str(source), str(target))]
    return BuildEnvironment(
        command=(bubblewrap, "--dev-bind", "/", "/", "--tmpfs", str(_ETC), *_etc_mounts(), *binds, "--cap-add", "ALL"),
        flags=(
            f"--sandbox_add_mount_pair={_OWN_FILES / 'preload'}:{_PRELOAD}",
            f"--sandbox_base={_OWN_FILES}",
        ),
    )


def lists_newest_first(folder: Path) -> bool:
    """Return whether the file system of a folder lists the newest file first."""
    test_folder = folder / "order"
    test_folder.mkdir()
    created = [f"{number:03}" for number in range(100)]
    for name in created:
        (test_folder / name).touch()
    listed = [path.name for path in test_folder.iterdir()]
    shutil.rmtree(test_folder)
    return listed == created[::-1]


def _etc_mounts() -> list[str]:
    """Return the options of bubblewrap that mount the entries of /etc into an empty one."""
    options: list[str] = []
    for entry in sorted(_ETC.iterdir()):
        if entry.is_symlink():
            options += ["--symlink", str(entry.readlink()), str(entry)]
        elif entry != _PRELOAD:
            options += ["--ro-bind", str(entry), str(entry)]
    return options


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    return path

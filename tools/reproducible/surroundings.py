"""Another date and another order of files in folders, for the actions of a build.

Actions see neither the caller's variables nor the place where Bazel keeps their folders. So both come by a view of the
machine that only this build has, laid by bubblewrap: an /etc whose `ld.so.preload` names libfaketime in sandboxes,
and a file system in memory below them, which lists what was made last first. Bazel itself keeps the true date, because
certificates of mirrors are not good a year ahead.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

DAYS_AHEAD = 400

_ETC = Path("/etc")
_OURS = _ETC / "surroundings"
_PRELOAD = _ETC / "ld.so.preload"


@dataclass(frozen=True)
class Surroundings:
    """What a command is started by, and the flags that Bazel needs there."""

    command: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def odd_surroundings(library: Path, folder: Path) -> Surroundings:
    """Return another date and order, made of files in `folder`; nothing odd where there is no bubblewrap.

    `library` is libfaketime for this machine.
    """
    bubblewrap = shutil.which("bwrap")
    if not bubblewrap:
        return Surroundings()
    preloaded = _written(folder / "preload", f"{_OURS / 'faketime.so'}\n")
    clock = _written(folder / "faketimerc", f"+{DAYS_AHEAD}d\n")
    shown = {
        library.resolve(): _OURS / "faketime.so",
        preloaded: _OURS / "preload",
        clock: _ETC / "faketimerc",
        # Empty outside of sandboxes: it is there to be covered inside of them.
        _written(folder / "empty", ""): _PRELOAD,
    }
    binds = [word for source, target in shown.items() for word in ("--ro-bind", str(source), str(target))]
    return Surroundings(
        command=(bubblewrap, "--dev-bind", "/", "/", "--tmpfs", str(_ETC), *_same_etc(), *binds, "--cap-add", "ALL"),
        flags=(
            f"--sandbox_add_mount_pair={_OURS / 'preload'}:{_PRELOAD}",
            f"--sandbox_base={_OURS}",
        ),
    )


def lists_the_last_first(folder: Path) -> bool:
    """Whether files of a new folder there are listed against the order in which they were made."""
    scratch = folder / "order"
    scratch.mkdir()
    made = [f"{number:03}" for number in range(100)]
    for name in made:
        (scratch / name).touch()
    listed = [path.name for path in scratch.iterdir()]
    shutil.rmtree(scratch)
    return listed == made[::-1]


def _same_etc() -> list[str]:
    """What /etc has, laid into an empty one."""
    words: list[str] = []
    for entry in sorted(_ETC.iterdir()):
        if entry.is_symlink():
            words += ["--symlink", str(entry.readlink()), str(entry)]
        elif entry != _PRELOAD:
            words += ["--ro-bind", str(entry), str(entry)]
    return words


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    return path

"""The locks of a workspace: the main one, and one for each dependency track.

A track is a file `requirements/<track>.in` with the differences from `requirements.in`. Its lock has all distributions
of the main lock, so that any library and any test tool can be used on the track.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from packaging.requirements import InvalidRequirement
from packaging.utils import NormalizedName, canonicalize_name

from tools.requirements.lockfile import read_requirements, requirement_lines

MAIN = "main"
MAIN_REQUIREMENTS = "requirements.in"
MAIN_LOCK = "requirements_lock.txt"

_FOLDER = "requirements"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class TrackError(Exception):
    """A file of a track is invalid; the message names it and how to fix it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Track:
    """One dependency track; paths are relative to the workspace."""

    name: str
    requirements: str
    lock: str

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the track of a name; `main` is that of the main lock."""
        if name == MAIN:
            return cls(name=name, requirements=MAIN_REQUIREMENTS, lock=MAIN_LOCK)
        return cls(name=name, requirements=f"{_FOLDER}/{name}.in", lock=f"{_FOLDER}/{name}_lock.txt")


def find_tracks(workspace: Path) -> list[Track]:
    """Return all tracks of a workspace, the main one first.

    Raises:
        TrackError: a file's name is not a valid name of a track.
    """
    names = sorted(path.stem for path in (workspace / _FOLDER).glob("*.in"))
    wrong = next((name for name in names if name == MAIN or not _NAME.fullmatch(name)), None)
    if wrong is not None:
        message = (
            f"{_FOLDER}/{wrong}.in: a track's name starts with a letter, has lower-case letters, digits and "
            f"underscores, and is not `{MAIN}`; rename the file"
        )
        raise TrackError(message)
    return [Track.named(MAIN), *map(Track.named, names)]


def find_locks(workspace: Path) -> list[str]:
    """Return the paths of all locks, relative to the workspace, the main one first.

    Raises:
        TrackError: a file's name is not a valid name of a track.
    """
    return [track.lock for track in find_tracks(workspace)]


def required_files(track: Track, workspace: Path) -> dict[str, str]:
    """Return the text of each requirements file of a track, by its path.

    Lines of `requirements.in` are omitted if the track's file has a line of the same name.

    Raises:
        TrackError: a file is missing, or a line is not a requirement.
    """
    files = {MAIN_REQUIREMENTS: _read(workspace, MAIN_REQUIREMENTS)}
    own = {} if track.name == MAIN else {track.requirements: _read(workspace, track.requirements)}
    return merged(files[MAIN_REQUIREMENTS], own)


def merged(main: str, own: Mapping[str, str]) -> dict[str, str]:
    """Return `requirements.in` without the names that the files in `own` require, and those files."""
    replaced = {name for text in own.values() for name in _names(text)}
    lines = [line for name, line in requirement_lines(main) if name not in replaced]
    return {MAIN_REQUIREMENTS: "".join(lines), **own}


def _names(text: str) -> set[NormalizedName]:
    return {canonicalize_name(requirement.name) for requirement in read_requirements(text)}


def _read(workspace: Path, path: str) -> str:
    try:
        text = (workspace / path).read_text(encoding="utf-8")
        read_requirements(text)
    except FileNotFoundError:
        message = f"{path} does not exist"
        raise TrackError(message) from None
    except InvalidRequirement as error:
        message = f"{path}: {' '.join(str(error).split())}; write one requirement per line, as PEP 508 has it"
        raise TrackError(message) from error
    return text

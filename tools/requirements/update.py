"""Makes the locks of all tracks, the main one first; the others prefer its versions."""

import dataclasses
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from tools.requirements.lockfile import read_lock, without
from tools.requirements.resolver import ResolutionError, Resolver
from tools.requirements.track_lock import own_pins, preferences, with_main_blocks
from tools.requirements.tracks import MAIN, MAIN_LOCK, MAIN_REQUIREMENTS, Track, TrackError, find_tracks, required_files

EVERYTHING = ""
"""The upgrade that takes the newest version of every package."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Update:
    """The text of each track's lock, new and as it is on disk (empty where there is none)."""

    locks: Mapping[Track, str]
    previous: Mapping[Track, str]

    def write(self, workspace: Path) -> None:
        """Write all files beside the locks, then rename them: a reader sees an old lock or a new one."""
        written = [
            (_write_beside(workspace / track.lock, text), workspace / track.lock) for track, text in self.locks.items()
        ]
        for new, lock in written:
            new.replace(lock)


def update(
    workspace: Path, *, upgrade: Sequence[str], only_track: str | None, environment: Mapping[str, str]
) -> Update:
    """Resolve all tracks, and write nothing.

    `upgrade` holds names, `NAME==VERSION` or `EVERYTHING`. With `only_track` it is only for this track. Otherwise
    `NAME==VERSION` is for the main track and the rest for all.

    Raises:
        TrackError: a track cannot be resolved, its files are wrong, or there is nothing to upgrade under a name.
    """
    tracks = find_tracks(workspace)
    previous = {track: _text(workspace / track.lock) for track in tracks}
    _check(upgrade, only_track, previous)
    locks: dict[Track, str] = {}
    with tempfile.TemporaryDirectory(prefix="requirements-") as name:
        for track in tracks:
            folder = Path(name, track.name)
            folder.mkdir()
            upgrades = [each for each in upgrade if _is_for(track, each, only_track)]
            job = _Job(workspace=workspace, track=track, previous=previous[track], main=locks.get(tracks[0], ""))
            locks[track] = job.lock(Resolver(folder, environment), upgrades)
    return Update(locks=locks, previous=previous)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Job:
    """One track to lock; `main` is the new main lock."""

    workspace: Path
    track: Track
    previous: str
    main: str

    def lock(self, resolver: Resolver, upgrades: Sequence[str]) -> str:
        files = required_files(self.track, self.workspace)
        try:
            if self.track.name == MAIN:
                return resolver.lock(files, previous=self.previous, options=_options(upgrades))
            versions = [each for each in upgrades if "==" in each]
            kept = "" if EVERYTHING in upgrades else without(self.previous, map(_name, upgrades))
            prefered = preferences(self.main, kept)
            text = resolver.lock(files, previous=prefered, options=_options(versions))
        except ResolutionError as error:
            raise TrackError(self._reason(error)) from error
        return with_main_blocks(text, self.main)

    def _reason(self, error: ResolutionError) -> str:
        if self.track.name == MAIN:
            return f"{MAIN_REQUIREMENTS} cannot be resolved: {error}"
        return f"{self.track.requirements} cannot be resolved together with the rest of {MAIN_REQUIREMENTS}: {error}"


def _is_for(track: Track, upgrade: str, only_track: str | None) -> bool:
    if only_track:
        return track.name == only_track
    return track.name == MAIN or "==" not in upgrade


def _check(upgrade: Sequence[str], only_track: str | None, previous: Mapping[Track, str]) -> None:
    """Reject what cannot be upgraded."""
    names = [track.name for track in previous]
    if only_track and only_track not in names:
        message = f"there is no track {only_track}; there are {', '.join(names)}"
        raise TrackError(message)
    main = previous[Track.named(MAIN)]
    for track, text in previous.items():
        if track.name == only_track or (not only_track and track.name == MAIN):
            known = read_lock(text).keys() if track.name == MAIN else own_pins(text, main)
            _check_names(upgrade, known, track)


def _check_names(upgrade: Sequence[str], known: Iterable[NormalizedName], track: Track) -> None:
    unknown = [each for each in upgrade if each != EVERYTHING and _name(each) not in known]
    if unknown:
        where = track.lock if track.name == MAIN else f"{track.lock} beside {MAIN_LOCK}"
        message = f"There is no {', '.join(unknown)} in {where} to upgrade."
        raise TrackError(message)


def _name(wanted: str) -> NormalizedName:
    return canonicalize_name(wanted.partition("==")[0].strip())


def _options(upgrades: Sequence[str]) -> list[str]:
    if EVERYTHING in upgrades:
        return ["--upgrade"]
    return [f"--upgrade-package={package}" for package in upgrades]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _write_beside(lock: Path, text: str) -> Path:
    new = lock.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    return new

"""One of several locks of a hub, each of a dependency track."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from tools.affected import requirements, tracks
from tools.affected.errors import BazelFailedError
from tools.affected.module_file import Use
from tools.affected.requirements import Difference
from tools.affected.scene import Scene
from tools.affected.verdict import Scope, Verdict, everything

_NAME = re.compile(r"(?:.*/)?(\w+)_lock\.txt")
_MAIN = "requirements"


def track_of(lock: str) -> str:
    """Return the name of the track that a lock is of: `requirements/old_lock.txt`, or that of the main one."""
    named = _NAME.fullmatch(lock)
    return lock if named is None else "main" if named[1] == _MAIN else named[1]


def verdict(path: str, use: Use, difference: Difference, scene: Scene) -> Verdict | None:
    """Answer for a lock beside which a hub has others, None where all that changed in it changed in all of them.

    What came or went is not answered for either: the hub then has another set of packages for every track.
    """
    patterns = tracks.locks_of(use)
    if len(patterns) < 2 or difference.options_differ or difference.gone:
        return None
    differences = {lock: _difference(lock, scene) for lock in patterns}
    if not difference.changed or any(name not in difference.before.pins for name in difference.changed):
        return None
    locks = {name: {lock for lock, each in differences.items() if name in each.changed} for name in difference.changed}
    if all(changed == set(patterns) for changed in locks.values()):
        return None
    try:
        reached = _reached(use.name("hub_name", "pip"), locks, differences, patterns, scene)
    except BazelFailedError as error:
        return everything(path, f"a track changed, and who is on it cannot be analysed: {error}")
    reason = f"track {track_of(path)}: {', '.join(difference.described())}"
    steps = {label: (reason, *way) for label, way in reached.items()}
    return Verdict(path=path, scope=Scope.SOME if steps else Scope.NONE, reason=reason, reached=steps)


def with_definitions(answer: Verdict, use: Use, difference: Difference, scene: Scene) -> Verdict:
    """Add what is defined otherwise where a distribution came to one of several locks or left it.

    BUILD files may ask which tracks have a distribution, and no edge of the graph leads from a lock to them.
    """
    names_differ = difference.before.pins.keys() != difference.after.pins.keys()
    if answer.scope is Scope.ALL or not names_differ or len(tracks.locks_of(use)) < 2:
        return answer
    try:
        parts = dict(scene.differing)
    except BazelFailedError as error:
        return everything(answer.path, f"the graphs cannot be compared: {error}")
    if not parts:
        return answer
    labels = (*answer.labels, *parts)
    return dataclasses.replace(answer, scope=Scope.SOME, labels=labels, parts={**answer.parts, **parts})


def _difference(lock: str, scene: Scene) -> Difference:
    texts = [side(lock) or b"" for side in (scene.range.before, scene.range.after)]
    return requirements.difference(*(text.decode() for text in texts))


def _reached(
    hub: str,
    changed: Mapping[str, set[str]],
    differences: Mapping[str, Difference],
    patterns: Mapping[str, Sequence[str]],
    scene: Scene,
) -> dict[str, tuple[str, ...]]:
    """Return the targets that take a changed wheel in their configuration, each with a way."""
    repositories: set[str] = set()
    for name, locks in changed.items():
        before = set()
        if _is_shared_otherwise(name, differences):
            with scene.snapshots.tree(scene.range.base) as folder:
                before = tracks.choices(scene.snapshots.home.elsewhere(folder), hub, [name])
        repositories |= tracks.touched(tracks.choices(scene.bazel, hub, [name]), before, patterns, locks)
    edges = scene.configured_edges
    hubs = [f"@{hub}//{name}:" for name in changed]
    named = {one for taken in scene.takes.values() for one in taken if _is_in(one, hubs)}
    found = {label: way for label, way in tracks.ways(edges, repositories).items() if label.startswith("//")}
    files = {label: way for label, way in found.items() if label in scene.takes}
    return tracks.with_unanalysed(files, tracks.analysed(edges), scene.takes, sorted(named))


def _is_in(label: str, packages: Sequence[str]) -> bool:
    repository, _, rest = label.removeprefix("@@").removeprefix("@").partition("//")
    short = f"@{re.split(r'[~+]', repository)[-1]}//{rest}"
    return short.startswith(tuple(packages))


def _is_shared_otherwise(name: str, differences: Mapping[str, Difference]) -> bool:
    """Tell whether other locks than before may pin a distribution alike, so that its repositories get other names."""
    befores = [each.before.pins.get(name) for each in differences.values()]
    afters = [each.after.pins.get(name) for each in differences.values()]
    return [one == befores[0] for one in befores] != [one == afters[0] for one in afters] or len(befores) > 2

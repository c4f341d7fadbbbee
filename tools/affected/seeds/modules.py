"""MODULE.bazel: modules, their extensions, and the repositories, toolchains and platforms that they bring.

The graph has no edges to most of that. Where it is not certain that nothing differs, Bazel analyses
both states, and whatever hangs on something that is not the same is a seed.
"""

import dataclasses
import pathlib

from tools.affected import module_file
from tools.affected.changes import Change, Kind
from tools.affected.configured import repository_of
from tools.affected.errors import BazelFailedError
from tools.affected.scene import Scene
from tools.affected.verdict import Verdict, everything, nothing, some

_ROOT = "MODULE.bazel"
_SEGMENT = ".MODULE.bazel"


def verdict(change: Change, scene: Scene) -> Verdict | None:
    """Answer for the modules of this workspace; another workspace's below it are not looked into."""
    name = pathlib.PurePosixPath(change.path).name
    if change.special or (name != _ROOT and not name.endswith(_SEGMENT)):
        return None
    if scene.is_rewording(change):
        return nothing(change.path, "only comments and format differ")
    if name == _ROOT != change.path:
        return everything(change.path, "modules of another workspace changed")
    if change.kind is not Kind.MODIFIED:
        return everything(change.path, f"the file was {change.kind.value}")
    try:
        return _compared(change, scene)
    except BazelFailedError as error:
        return everything(change.path, f"modules changed, and the two states cannot be compared: {error}")


def _compared(change: Change, scene: Scene) -> Verdict:
    before, after = (side(change.path) or b"" for side in (scene.range.before, scene.range.after))
    if module_file.says_the_same(before, after):
        return nothing(change.path, "only an order differs that means nothing")
    old, new = scene.snapshots.modules
    if old.graph == new.graph and module_file.says_the_same(before, after, but_for_versions=True):
        return nothing(change.path, "every module resolves to the version that it had")
    bumps = new.differing(old)
    what = ", ".join(bumps.values()) or ", ".join(module_file.differing(before, after))
    return _reached(change.path, what, bumps, scene)


def _reached(path: str, what: str, bumps: dict[str, str], scene: Scene) -> Verdict:
    """Seed what hangs on something that is analysed otherwise, or made otherwise."""
    ways = scene.snapshots.analysed.ways()
    if not ways:
        return nothing(path, f"{what}: no target hangs on what that changes")
    through = {label: (_module(way[0], what, bumps), *way[:-1]) for label, way in ways.items()}
    return dataclasses.replace(some(path, what, tuple(sorted(ways))), through=through)


def _module(label: str, what: str, bumps: dict[str, str]) -> str:
    """Say which bump a changed label comes with: that of its own module, where there is one."""
    module = repository_of(label).partition("~")[0].partition("+")[0]
    return bumps.get(module, what)

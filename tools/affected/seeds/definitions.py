"""BUILD files, Starlark, and files that came or went: the two graphs are compared target by target."""

import dataclasses
import pathlib

from tools.affected import starlark
from tools.affected.changes import Change, Kind
from tools.affected.errors import BazelFailedError
from tools.affected.graph import package_of, shows_no_less
from tools.affected.scene import BUILD_NAMES, Scene
from tools.affected.verdict import Verdict, everything, nothing, some
from tools.affected.ways import WHOLE, View

_VISIBILITY = "default_visibility"


def _is_build(change: Change) -> bool:
    return pathlib.PurePosixPath(change.path).name in BUILD_NAMES


def _folder(change: Change) -> str:
    return change.path.rpartition("/")[0]


def _is_definition(change: Change) -> bool:
    """Tell whether targets may differ: also where a pattern of a BUILD file finds a file more or less."""
    starlark_file = change.path.endswith((".bzl", ".scl")) or change.path == ".bazelignore"
    return _is_build(change) or starlark_file or change.kind is not Kind.MODIFIED


def verdict(change: Change, scene: Scene) -> Verdict | None:
    """Answer for files that define targets."""
    if not _is_definition(change):
        return None
    if scene.is_rewording(change):
        return nothing(change.path, "only comments and format differ")
    try:
        parts = _explained(change, scene)
    except BazelFailedError as error:
        return everything(change.path, f"the graphs cannot be compared: {error}")
    verdict = nothing(change.path, "no target is defined otherwise")
    if parts:
        verdict = some(change.path, f"defines {len(parts)} target{'s' * (len(parts) > 1)} otherwise", tuple(parts))
    files = _exported_otherwise(change, scene) if _is_build(change) else ()
    return dataclasses.replace(verdict, files=files, parts=parts)


def _exported_otherwise(change: Change, scene: Scene) -> tuple[str, ...]:
    """Return the files that were exported, where a BUILD file no longer says the same of that."""
    before = starlark.calls(scene.range.before(change.path) or b"", "exports_files")
    after = starlark.calls(scene.range.after(change.path) or b"", "exports_files")
    gone = {name for call in before if call not in after for name in starlark.names(call.encode())}
    return tuple(sorted(f"//{_folder(change)}:{name}" for name in gone))


def _package_differs(change: Change, scene: Scene) -> bool:
    before = starlark.keywords(scene.range.before(change.path) or b"", "package")
    after = starlark.keywords(scene.range.after(change.path) or b"", "package")
    saw, sees = before.pop(_VISIBILITY, []), after.pop(_VISIBILITY, [])
    return before != after or (saw != sees and not _is_wider(saw, sees))


def _is_wider(saw: object, sees: object) -> bool:
    """Tell whether whoever saw a package's targets still does; what is no list of names may be anything."""
    return isinstance(saw, list) and isinstance(sees, list) and shows_no_less(saw, sees)


def _explained(change: Change, scene: Scene) -> dict[str, View]:
    """Return the differing targets that this path explains, with what differs; together the paths explain all of them.

    A BUILD file explains those of its package. The rest is explained by the other definitions, or by
    the BUILD files where there is no other: a package that came or went moves files of those around it.
    """
    definitions = [other for other in scene.changes if _is_definition(other) and not scene.is_rewording(other)]
    packages = {_folder(other) for other in definitions if _is_build(other)}
    own = _folder(change)
    rest_is_mine = not _is_build(change) or all(_is_build(other) for other in definitions)
    parts = dict(scene.differing)
    if _is_build(change) and _package_differs(change, scene):
        # Its features, licences and other defaults are no attributes of the targets.
        parts |= dict.fromkeys((label for label in scene.snapshots.of_head if package_of(label) == own), WHOLE)
    return {
        label: part
        for label, part in parts.items()
        if (_is_build(change) and package_of(label) == own) or (rest_is_mine and package_of(label) not in packages)
    }

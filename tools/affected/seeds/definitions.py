"""BUILD files, Starlark files, and files that were added or deleted: the graphs are compared target by target."""

import dataclasses
import pathlib

from tools.affected import starlark
from tools.affected.changes import Change, Kind
from tools.affected.context import BUILD_NAMES, AnalysisContext
from tools.affected.edges import WHOLE_TARGET, Attributes
from tools.affected.errors import BazelFailedError
from tools.affected.graph import is_at_least_as_visible, package_of
from tools.affected.impact import ChangeImpact, affects_all, affects_none, affects_seeds

_VISIBILITY = "default_visibility"


class DefinitionsRule:
    """Applies to files that define targets. The seeds are the targets whose definition changed."""

    name = "definitions"

    def impact(self, change: Change, context: AnalysisContext) -> ChangeImpact | None:
        """Return the targets whose definition the path changes."""
        if not _is_definition(change):
            return None
        if context.is_reformatted(change):
            return affects_none(change.path, "only comments or the format changed")
        try:
            changed = _changed_by(change, context)
        except BazelFailedError as error:
            return affects_all(change.path, f"the graphs cannot be compared: {error}")
        found = affects_none(change.path, "no definition of a target changed")
        if changed:
            reason = f"changes the definition of {len(changed)} target{'s' * (len(changed) > 1)}"
            found = affects_seeds(change.path, reason, tuple(changed))
        files = _no_longer_exported(change, context) if _is_build(change) else ()
        return dataclasses.replace(found, file_labels=files, changed_attributes=changed)


def _is_build(change: Change) -> bool:
    return pathlib.PurePosixPath(change.path).name in BUILD_NAMES


def _folder(change: Change) -> str:
    return change.path.rpartition("/")[0]


def _is_definition(change: Change) -> bool:
    """Return whether a path can change definitions; an added or deleted file changes the globs of targets."""
    is_starlark = change.path.endswith((".bzl", ".scl")) or change.path == ".bazelignore"
    return _is_build(change) or is_starlark or change.kind is not Kind.MODIFIED


def _no_longer_exported(change: Change, context: AnalysisContext) -> tuple[str, ...]:
    """Return the labels of files whose `exports_files` call a BUILD file no longer contains."""
    before = starlark.calls(context.range.before(change.path) or b"", "exports_files")
    after = starlark.calls(context.range.after(change.path) or b"", "exports_files")
    names = {name for call in before if call not in after for name in starlark.string_literals(call.encode())}
    return tuple(sorted(f"//{_folder(change)}:{name}" for name in names))


def _package_changed(change: Change, context: AnalysisContext) -> bool:
    """Return whether the arguments of package() changed, apart from a wider visibility."""
    before = starlark.keywords(context.range.before(change.path) or b"", "package")
    after = starlark.keywords(context.range.after(change.path) or b"", "package")
    old, new = before.pop(_VISIBILITY, []), after.pop(_VISIBILITY, [])
    return before != after or (old != new and not _is_wider(old, new))


def _is_wider(before: object, after: object) -> bool:
    """Return whether a visibility includes the one before; an expression that is no list may have any value."""
    return isinstance(before, list) and isinstance(after, list) and is_at_least_as_visible(before, after)


def _changed_by(change: Change, context: AnalysisContext) -> dict[str, Attributes]:
    """Return the changed targets to attribute to this path; together the paths get all changed targets.

    A BUILD file gets those of its package. All others go to the other changed definitions, or to the BUILD files if
    there are no others: an added or deleted package moves files from or to the packages around it.
    """
    definitions = [other for other in context.changes if _is_definition(other) and not context.is_reformatted(other)]
    packages = {_folder(other) for other in definitions if _is_build(other)}
    own = _folder(change)
    gets_others = not _is_build(change) or all(_is_build(other) for other in definitions)
    changed = dict(context.changed_targets)
    if _is_build(change) and _package_changed(change, context):
        # Defaults such as features and licences are not attributes of the targets.
        targets = (label for label in context.snapshots.head_graph if package_of(label) == own)
        changed |= dict.fromkeys(targets, WHOLE_TARGET)
    return {
        label: attributes
        for label, attributes in changed.items()
        if (_is_build(change) and package_of(label) == own) or (gets_others and package_of(label) not in packages)
    }

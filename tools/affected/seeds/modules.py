"""MODULE.bazel: modules, their extensions, and the repositories, toolchains and platforms that they provide.

The graph has no edges to most of these. Unless a change is certain to have no effect, Bazel analyses both revisions,
and the targets that depend on anything that differs are seeds.
"""

import dataclasses
import pathlib

from tools.affected import module_file
from tools.affected.changes import Change, Kind
from tools.affected.configured import repository_of
from tools.affected.context import AnalysisContext
from tools.affected.errors import BazelFailedError
from tools.affected.impact import ChangeImpact, affects_all, affects_none, affects_seeds

_ROOT = "MODULE.bazel"
_SEGMENT = ".MODULE.bazel"


class ModulesRule:
    """Applies to MODULE.bazel and its segments. MODULE.bazel files of nested workspaces affect every target."""

    name = "modules"

    def impact(self, change: Change, context: AnalysisContext) -> ChangeImpact | None:
        """Return the targets that the analysis of both revisions shows to be affected."""
        name = pathlib.PurePosixPath(change.path).name
        if change.special or (name != _ROOT and not name.endswith(_SEGMENT)):
            return None
        if context.is_reformatted(change):
            return affects_none(change.path, "only comments or the format changed")
        if name == _ROOT != change.path:
            return affects_all(change.path, "modules of another workspace changed")
        if change.kind is not Kind.MODIFIED:
            return affects_all(change.path, f"the file was {change.kind.value}")
        try:
            return _compared(change, context)
        except BazelFailedError as error:
            return affects_all(change.path, f"modules changed, and the two revisions cannot be compared: {error}")


def _compared(change: Change, context: AnalysisContext) -> ChangeImpact:
    before, after = (read(change.path) or b"" for read in (context.range.before, context.range.after))
    if module_file.is_equivalent(before, after):
        return affects_none(change.path, "only an order without effect changed")
    old, new = context.snapshots.modules
    if old.graph == new.graph and module_file.is_equivalent(before, after, ignore_versions=True):
        return affects_none(change.path, "every module resolves to the same version as before")
    bumps = new.changes_since(old)
    reason = ", ".join(bumps.values()) or ", ".join(module_file.changed_calls(before, after))
    return _analysed_impact(change.path, reason, bumps, context)


def _analysed_impact(path: str, reason: str, bumps: dict[str, str], context: AnalysisContext) -> ChangeImpact:
    """Compare the configured graphs of both revisions."""
    affected = context.snapshots.configured_diff.affected()
    if not affected:
        return affects_none(path, f"{reason}: no target depends on what changed")
    steps = {label: (_cause(labels[0], reason, bumps), *labels[:-1]) for label, labels in affected.items()}
    return dataclasses.replace(affects_seeds(path, reason, tuple(sorted(affected))), steps_to_seed=steps)


def _cause(label: str, reason: str, bumps: dict[str, str]) -> str:
    """Return the bump of the module that contains a changed label, or else the reason for all."""
    module = repository_of(label).partition("~")[0].partition("+")[0]
    return bumps.get(module, reason)

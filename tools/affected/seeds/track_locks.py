"""Lock files of a hub that has several, one for each dependency track."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from tools.affected import requirements, tracks
from tools.affected.context import AnalysisContext
from tools.affected.errors import BazelFailedError
from tools.affected.impact import ChangeImpact, Scope, affects_all
from tools.affected.module_file import ExtensionTag
from tools.affected.requirements import LockDiff

_LOCK_NAME = re.compile(r"(?:.*/)?(\w+)_lock\.txt")
_MAIN = "requirements"


def track_of(lock: str) -> str:
    """Return the name of a lock file's track: `old` for `requirements/old_lock.txt`."""
    match = _LOCK_NAME.fullmatch(lock)
    return lock if match is None else "main" if match[1] == _MAIN else match[1]


def impact(path: str, tag: ExtensionTag, diff: LockDiff, context: AnalysisContext) -> ChangeImpact | None:
    """Return the targets that depend on a changed wheel in one of their configurations.

    Returns:
        None if the hub has one lock file only, if all of them change the same distributions, or if a distribution was
        added or removed: the hub then has another set of packages for every track.
    """
    patterns = tracks.lock_platforms(tag)
    if len(patterns) < 2 or diff.options_differ or diff.removed:
        return None
    diffs = {lock: _lock_diff(lock, context) for lock in patterns}
    if not diff.changed or any(name not in diff.before.pins for name in diff.changed):
        return None
    changed_locks = {name: {lock for lock, each in diffs.items() if name in each.changed} for name in diff.changed}
    if all(changed == set(patterns) for changed in changed_locks.values()):
        return None
    try:
        paths = _affected(tag.string("hub_name", "pip"), changed_locks, diffs, patterns, context)
    except BazelFailedError as error:
        return affects_all(path, f"a track changed, and its targets cannot be analysed: {error}")
    reason = f"track {track_of(path)}: {', '.join(diff.descriptions())}"
    affected = {label: (reason, *labels) for label, labels in paths.items()}
    return ChangeImpact(path=path, scope=Scope.SOME if affected else Scope.NONE, reason=reason, affected=affected)


def with_definitions(found: ChangeImpact, tag: ExtensionTag, diff: LockDiff, context: AnalysisContext) -> ChangeImpact:
    """Add the targets whose definition changed, if one of several lock files added or removed a distribution.

    BUILD files may query which tracks have a distribution, and the graph has no edge from a lock file to them.
    """
    same_names = diff.before.pins.keys() == diff.after.pins.keys()
    if found.scope is Scope.ALL or same_names or len(tracks.lock_platforms(tag)) < 2:
        return found
    try:
        changed = dict(context.changed_targets)
    except BazelFailedError as error:
        return affects_all(found.path, f"the graphs cannot be compared: {error}")
    if not changed:
        return found
    return dataclasses.replace(
        found,
        scope=Scope.SOME,
        seeds=(*found.seeds, *changed),
        changed_attributes={**found.changed_attributes, **changed},
    )


def _lock_diff(lock: str, context: AnalysisContext) -> LockDiff:
    before, after = (read(lock) or b"" for read in (context.range.before, context.range.after))
    return requirements.diff(before.decode(), after.decode())


def _affected(
    hub: str,
    changed_locks: Mapping[str, set[str]],
    diffs: Mapping[str, LockDiff],
    patterns: Mapping[str, Sequence[str]],
    context: AnalysisContext,
) -> dict[str, tuple[str, ...]]:
    """Return the targets that depend on a changed wheel in one of their configurations, each with a path to it.

    Args:
        hub: The name of the hub.
        changed_locks: By distribution, the lock files that change it.
        diffs: By lock file, what changed in it.
        patterns: By lock file, the patterns of its platforms.
        context: The range.
    """
    repositories: set[str] = set()
    for name, locks in changed_locks.items():
        before = set()
        if _may_be_renamed(name, diffs):
            with context.snapshots.checkout(context.range.base) as folder:
                before = tracks.wheel_repositories(context.snapshots.local.in_copy(folder), hub, [name])
        wheels = tracks.wheel_repositories(context.bazel, hub, [name])
        repositories |= tracks.changed_repositories(wheels, before, patterns, locks)
    edges, rules = context.configured_edges, context.rule_dependencies
    packages = [f"@{hub}//{name}:" for name in changed_locks]
    hub_labels = {one for below in rules.values() for one in below if _is_in(one, packages)}
    affected = {label: path for label, path in tracks.affected_labels(edges, repositories).items() if label in rules}
    return tracks.with_unanalysed(affected, tracks.analysed_labels(edges), rules, sorted(hub_labels))


def _is_in(label: str, packages: Sequence[str]) -> bool:
    repository, _, rest = label.removeprefix("@@").removeprefix("@").partition("//")
    short = f"@{re.split(r'[~+]', repository)[-1]}//{rest}"
    return short.startswith(tuple(packages))


def _may_be_renamed(name: str, diffs: Mapping[str, LockDiff]) -> bool:
    """Return whether the wheel repositories of a distribution may have new names.

    rules_python shares one repository between lock files that pin a distribution alike.
    """
    before = [each.before.pins.get(name) for each in diffs.values()]
    after = [each.after.pins.get(name) for each in diffs.values()]
    return [one == before[0] for one in before] != [one == after[0] for one in after] or len(before) > 2

"""Lock files from which MODULE.bazel creates repositories: Python distributions and Debian packages."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tools.affected import module_file, module_values, requirements
from tools.affected.changes import Change
from tools.affected.context import AnalysisContext
from tools.affected.errors import BazelFailedError
from tools.affected.impact import ChangeImpact, affects_all, affects_none, affects_seeds
from tools.affected.module_file import ExtensionTag
from tools.affected.seeds import track_locks

_PYTHON_LOCKS = frozenset(
    {
        "requirements_by_platform",
        "requirements_darwin",
        "requirements_linux",
        "requirements_lock",
        "requirements_windows",
    }
)
_LOCK = "lock"


class ModuleLocksRule:
    """Applies to lock files that a tag of a module extension names. The seeds are what their change concerns."""

    name = "module_locks"

    def impact(self, change: Change, context: AnalysisContext) -> ChangeImpact | None:
        """Return the distributions or repositories that a lock file changes."""
        found = find_tag(change.path, context)
        if found is None:
            return None
        attribute, tag = found
        before, after = context.range.before(change.path), context.range.after(change.path)
        if before is None or after is None:
            return affects_all(change.path, f"the lock file was {change.kind.value}")
        if attribute not in _PYTHON_LOCKS:
            return _repositories_impact(change.path, tag, changed_parts(before, after), context)
        diff = requirements.diff(before.decode(), after.decode())
        found_impact = track_locks.impact(change.path, tag, diff, context) or _distributions_impact(
            change.path, tag.string("hub_name", "pip"), diff, context
        )
        return track_locks.with_definitions(found_impact, tag, diff, context)


def find_tag(path: str, context: AnalysisContext) -> tuple[str, ExtensionTag] | None:
    """Return the tag in MODULE.bazel that names a path as its lock file, and the attribute that does."""
    for tag in module_file.extension_tags(context.range.after("MODULE.bazel") or b""):
        for attribute in (_PYTHON_LOCKS | {_LOCK}) & tag.attributes.keys():
            if path in map(module_file.path_of, module_values.strings(tag.attributes[attribute])):
                return attribute, tag
    return None


def _distributions_impact(path: str, hub: str, diff: requirements.LockDiff, context: AnalysisContext) -> ChangeImpact:
    """Return the distributions whose version, markers or hashes changed as seeds."""
    if diff.options_differ:
        return affects_all(path, "options of the lock file changed")
    if not diff.changed and not diff.removed:
        return affects_none(path, "no distribution changed")
    try:
        former_users = _base_users(hub, diff.removed, context)
    except BazelFailedError as error:
        return affects_all(path, f"the users of {', '.join(diff.removed)} at the base cannot be queried: {error}")
    present = [name for name in diff.changed if _is_in_hub(hub, name, diff.after.pins[name], context)]
    return affects_seeds(path, ", ".join(diff.descriptions()), (*_hub_labels(hub, present), *former_users))


def _is_in_hub(hub: str, name: str, pins: Sequence[requirements.Pin], context: AnalysisContext) -> bool:
    """Return whether the hub has a distribution; a marker such as `sys_platform == 'win32'` may exclude it."""
    if any(";" not in pin.requirement for pin in pins):
        return True
    try:
        return bool(context.bazel.query(f"@{hub}//{name}:all"))
    except BazelFailedError:
        return False


def _hub_labels(hub: str, names: list[str]) -> tuple[str, ...]:
    """Return patterns of all targets of distributions: their library, programs, metadata and data."""
    return tuple(f"@{hub}//{name}:all" for name in names)


def _base_users(hub: str, removed: list[str], context: AnalysisContext) -> list[str]:
    """Return the targets that depended on removed distributions. Only the graph of the base has these edges."""
    return sorted(context.snapshots.base_reverse_dependencies(_hub_labels(hub, removed))) if removed else []


def changed_parts(before: bytes, after: bytes) -> dict[str, list[str]]:
    """Return the changed targets in the repository of each architecture whose `packages` differ in a lock file.

    The result is empty if anything else differs too.
    """
    try:
        old, new = json.loads(before), json.loads(after)
        old_packages, new_packages = old.pop("packages"), new.pop("packages")
        architectures = sorted(old_packages | new_packages)
        pairs = {name: (old_packages.get(name, []), new_packages.get(name, [])) for name in architectures}
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}
    return {name: _changed_targets(*pair) for name, pair in pairs.items() if pair[0] != pair[1]} if old == new else {}


def _changed_targets(before: list[Any], after: list[Any]) -> list[str]:
    """Return patterns of the changed targets: all, or the archives if no changed package is unpacked."""
    changed = [package for package in (*before, *after) if package not in before or package not in after]
    if not changed or not all(map(_is_for_all_architectures, changed)):
        return ["..."]
    return [":debs", *(f":debs/{package['name']}.deb" for package in changed if package in after)]


def _is_for_all_architectures(package: Any) -> bool:  # noqa: ANN401 - a lock file may contain anything
    """Return whether a package is for all architectures: tools/oci/debian/repository.bzl does not unpack it."""
    return isinstance(package, dict) and "name" in package and str(package.get("path")).endswith("_all.deb")


def _repositories_impact(
    path: str, tag: ExtensionTag, parts: Mapping[str, list[str]], context: AnalysisContext
) -> ChangeImpact:
    """Return the repositories that are created from a lock file as seeds.

    If only some parts of the lock file changed, these are the repositories whose names end with those parts.
    """
    name = tag.string("name")
    known = module_file.used_repositories(context.range.after("MODULE.bazel") or b"", tag.extension)
    created = {one: ["..."] for one in known if one == name or one.startswith(f"{name}_")}
    by_part = {one: parts[part] for one in created if (part := one.removeprefix(f"{name}_")) in parts}
    if parts and len(by_part) == len(parts):
        created = by_part
    if not created:
        return affects_all(path, "MODULE.bazel does not name the repositories that are created from it")
    seeds = tuple(f"@{repository}//{target}" for repository, targets in created.items() for target in targets)
    return affects_seeds(path, f"{', '.join(created)} changed", seeds)

"""The targets that a change of one lock file affects if its hub has several, one for each dependency track.

`bazel query` has an edge from a package of the hub to the wheel of each lock file, in every configuration. So Bazel
analyses the head, and only targets that depend on a wheel of a changed lock file in one of their configurations are
affected. A wheel is unchanged only if each platform for which the hub selects it belongs to a lock file that pins the
distribution as before.
"""

import collections
import dataclasses
import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tools.affected import configured, module_file, module_values
from tools.affected.bazel import Bazel
from tools.affected.module_file import ExtensionTag

_QUERY_OPTIONS = ("--noproto:flatten_selects", "--noproto:locations", "--consistent_labels")
_CONDITION = re.compile(r".*[:/](?:is_cp\d+_)?([^:/]+)")
_ALL_PLATFORMS = {
    "requirements_darwin": "osx_*",
    "requirements_linux": "linux_*",
    "requirements_lock": "*",
    "requirements_windows": "windows_*",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class WheelRepository:
    """A repository of a wheel, and the platform for which a hub selects it; None means any platform."""

    repository: str
    platform: str | None


def lock_platforms(tag: ExtensionTag) -> dict[str, tuple[str, ...]]:
    """Return the lock files of a hub by path, each with patterns of its platforms."""
    found: dict[str, tuple[str, ...]] = {}
    by_platform = tag.attributes.get("requirements_by_platform")
    labels = dict(by_platform) if isinstance(by_platform, Mapping) else {}
    labels |= {tag.attributes[name]: pattern for name, pattern in _ALL_PLATFORMS.items() if name in tag.attributes}
    for label, platforms in labels.items():
        path = module_file.path_of(next(module_values.strings(label), ""))
        if path:
            patterns = [one.strip() for text in module_values.strings(platforms) for one in text.split(",")]
            found[path] = (*found.get(path, ()), *patterns)
    return found


def wheel_repositories(bazel: Bazel, hub: str, names: Iterable[str]) -> set[WheelRepository]:
    """Return the wheel repositories of some distributions.

    Raises:
        BazelFailedError: The hub has no such distribution.
    """
    output = bazel.query(" + ".join(f"@{hub}//{name}:all" for name in names), *_QUERY_OPTIONS)
    rules = (entry["rule"] for entry in output if entry["type"] == "RULE")
    found = {(configured.repository_of(rule["name"]), wheel) for rule in rules for wheel in _selected(rule)}
    # Some targets of a hub are aliases of others in the same hub.
    return {wheel for hub_repository, wheel in found if wheel.repository != hub_repository}


def _selected(rule: Mapping[str, Any]) -> Iterator[WheelRepository]:
    actual: Mapping[str, Any] = next((one for one in rule.get("attribute", ()) if one["name"] == "actual"), {})
    if "stringValue" in actual:
        yield WheelRepository(repository=configured.repository_of(actual["stringValue"]), platform=None)
    for element in actual.get("selectorList", {}).get("elements", ()):
        for entry in element["entries"]:
            condition = _CONDITION.fullmatch(entry["label"])
            platform = condition[1] if condition and not entry.get("isDefaultValue") else None
            yield WheelRepository(repository=configured.repository_of(entry.get("stringValue", "")), platform=platform)


def changed_repositories(
    wheels: Iterable[WheelRepository],
    before: Collection[WheelRepository],
    locks: Mapping[str, Sequence[str]],
    changed_locks: Collection[str],
) -> set[str]:
    """Return the wheel repositories that may have changed.

    Args:
        wheels: The wheel repositories of a distribution at the head.
        before: Those at the base, if the hub may select others than before; empty if it cannot.
        locks: The lock files of the hub, with patterns of their platforms.
        changed_locks: The lock files that pin the distribution differently than before.
    """
    return {
        wheel.repository
        for wheel in wheels
        if (before and wheel not in before) or not _is_unchanged(wheel.platform, locks, changed_locks)
    }


def _is_unchanged(platform: str | None, locks: Mapping[str, Sequence[str]], changed_locks: Collection[str]) -> bool:
    if platform is None:
        return False
    exact = [lock for lock, patterns in locks.items() if platform in patterns]
    owners = exact or [
        lock for lock, patterns in locks.items() if any(fnmatch.fnmatchcase(platform, one) for one in patterns)
    ]
    return bool(owners) and not set(owners) & set(changed_locks)


def affected_labels(
    dependencies: Mapping[str, Sequence[str]], repositories: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return the labels that depend on one of these repositories in one of their configurations.

    Args:
        dependencies: The dependencies of each configured target.
        repositories: Canonical names.

    Returns:
        By label, the labels on a shortest path from a repository.
    """
    nodes = {*dependencies, *(one for below in dependencies.values() for one in below)}
    sources = [node for node in nodes if configured.repository_of(node) in repositories]
    by_label: dict[str, tuple[str, ...]] = {}
    for node, path in configured.shortest_paths(dependencies, sources).items():
        by_label.setdefault(configured.label_of(node), path)
    return by_label


def analysed_labels(dependencies: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the labels that Bazel analysed."""
    nodes = {*dependencies, *(one for below in dependencies.values() for one in below)}
    return {configured.label_of(node) for node in nodes}


def with_unanalysed(
    affected: Mapping[str, tuple[str, ...]],
    analysed: Collection[str],
    dependencies: Mapping[str, Sequence[str]],
    hub_labels: Sequence[str],
) -> dict[str, tuple[str, ...]]:
    """Add the targets that the analysis does not contain, if a dependency of them is affected.

    Args:
        affected: Affected labels, with a path to each.
        analysed: The labels that Bazel analysed.
        dependencies: The dependencies of each rule, in every configuration.
        hub_labels: The labels of the changed distributions. A target that is not analysed and references one is
            affected, because its track is not known.
    """
    found: dict[str, tuple[str, ...]] = {label: (label,) for label in hub_labels}
    found |= affected
    users = collections.defaultdict(list)
    for label, below in dependencies.items():
        if label.startswith("//") and label not in analysed:
            for dependency in below:
                users[dependency].append(label)
    queue = collections.deque(one for one in users if one in found)
    while queue:
        label = queue.popleft()
        for user in users[label]:
            if user not in found:
                found[user] = (*found[label], user)
                queue.append(user)
    return {label: path for label, path in found.items() if label.startswith("//")}

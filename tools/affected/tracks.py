"""Which targets a change of one of several locks of a hub reaches.

`bazel query` knows one edge from a package of the hub to the wheel of each lock, whatever the configuration. So Bazel
analyses the head, and only what takes a wheel of a changed lock in its own configuration is reached. A wheel counts as
unchanged only if each platform that the hub chooses it for belongs to a lock that pins the same as before.
"""

import collections
import dataclasses
import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tools.affected import configured, module_file, module_values
from tools.affected.bazel import Bazel
from tools.affected.module_file import Use

_SELECTORS = ("--noproto:flatten_selects", "--noproto:locations", "--consistent_labels")
_CONDITION = re.compile(r".*[:/](?:is_cp\d+_)?([^:/]+)")
_ALL_PLATFORMS = {
    "requirements_darwin": "osx_*",
    "requirements_linux": "linux_*",
    "requirements_lock": "*",
    "requirements_windows": "windows_*",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """A repository of a wheel, and the platform that a hub chooses it for; None is any."""

    repository: str
    platform: str | None


def locks_of(use: Use) -> dict[str, tuple[str, ...]]:
    """Return the locks of a hub by path, each with patterns of the platforms that it is for."""
    found: dict[str, tuple[str, ...]] = {}
    by_platform = use.words.get("requirements_by_platform")
    labels = dict(by_platform) if isinstance(by_platform, Mapping) else {}
    labels |= {use.words[name]: pattern for name, pattern in _ALL_PLATFORMS.items() if name in use.words}
    for label, platforms in labels.items():
        path = module_file.path_of(next(module_values.strings(label), ""))
        if path:
            patterns = [one.strip() for text in module_values.strings(platforms) for one in text.split(",")]
            found[path] = (*found.get(path, ()), *patterns)
    return found


def choices(bazel: Bazel, hub: str, names: Iterable[str]) -> set[Choice]:
    """Return the repositories of some distributions.

    Raises:
        BazelFailedError: the hub has no such distribution.
    """
    answer = bazel.query(" + ".join(f"@{hub}//{name}:all" for name in names), *_SELECTORS)
    rules = (entry["rule"] for entry in answer if entry["type"] == "RULE")
    found = {(configured.repository_of(rule["name"]), choice) for rule in rules for choice in _choices(rule)}
    # Within the hub, one name of a distribution stands for another.
    return {choice for itself, choice in found if choice.repository != itself}


def _choices(rule: Mapping[str, Any]) -> Iterator[Choice]:
    actual: Mapping[str, Any] = next((one for one in rule.get("attribute", ()) if one["name"] == "actual"), {})
    if "stringValue" in actual:
        yield Choice(repository=configured.repository_of(actual["stringValue"]), platform=None)
    for element in actual.get("selectorList", {}).get("elements", ()):
        for entry in element["entries"]:
            condition = _CONDITION.fullmatch(entry["label"])
            platform = condition[1] if condition and not entry.get("isDefaultValue") else None
            yield Choice(repository=configured.repository_of(entry.get("stringValue", "")), platform=platform)


def touched(
    found: Iterable[Choice], before: Collection[Choice], locks: Mapping[str, Sequence[str]], changed: Collection[str]
) -> set[str]:
    """Return the repositories that may be others than before: their lock changed, or the hub chose another one.

    With `before` empty the choice is not compared.
    """
    return {
        choice.repository
        for choice in found
        if (before and choice not in before) or not _is_spared(choice.platform, locks, changed)
    }


def _is_spared(platform: str | None, locks: Mapping[str, Sequence[str]], changed: Collection[str]) -> bool:
    if platform is None:
        return False
    exact = [lock for lock, patterns in locks.items() if platform in patterns]
    owners = exact or [
        lock for lock, patterns in locks.items() if any(fnmatch.fnmatchcase(platform, one) for one in patterns)
    ]
    return bool(owners) and not set(owners) & set(changed)


def ways(edges: Mapping[str, Sequence[str]], repositories: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return each label that takes something of these repositories in its configuration, with a shortest way to it."""
    users = collections.defaultdict(list)
    for node, taken in edges.items():
        for one in taken:
            users[one].append(node)
    nodes = {*edges, *users}
    found: dict[str, tuple[str, ...]] = {
        node: (configured.label_of(node),) for node in sorted(nodes) if configured.repository_of(node) in repositories
    }
    waiting = collections.deque(found)
    while waiting:
        node = waiting.popleft()
        for user in users[node]:
            if user not in found:
                found[user] = (*found[node], configured.label_of(user))
                waiting.append(user)
    by_label: dict[str, tuple[str, ...]] = {}
    for node, way in found.items():
        by_label.setdefault(configured.label_of(node), way)
    return by_label


def analysed(edges: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the labels that Bazel analysed."""
    return {configured.label_of(node) for node in {*edges, *(one for taken in edges.values() for one in taken)}}


def with_unanalysed(
    found: Mapping[str, tuple[str, ...]], known: Collection[str], takes: Mapping[str, Sequence[str]], hub: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Add the rules that `//...` leaves out, such as manual ones, where something that they take is reached.

    `hub` holds the labels of the distributions: what such a rule takes of them directly counts, on whatever track.
    """
    reached: dict[str, tuple[str, ...]] = {label: (label,) for label in hub}
    reached |= found
    users = collections.defaultdict(list)
    for label, taken in takes.items():
        if label.startswith("//") and label not in known:
            for one in taken:
                users[one].append(label)
    waiting = collections.deque(one for one in users if one in reached)
    while waiting:
        one = waiting.popleft()
        for user in users[one]:
            if user not in reached:
                reached[user] = (*reached[one], user)
                waiting.append(user)
    return {label: way for label, way in reached.items() if label.startswith("//")}

"""Lock files from which MODULE.bazel makes repositories: Python distributions, Debian packages."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tools.affected import module_file, module_values, requirements
from tools.affected.changes import Change
from tools.affected.errors import BazelFailedError
from tools.affected.module_file import Use
from tools.affected.scene import Scene
from tools.affected.seeds import track_locks
from tools.affected.verdict import Verdict, everything, nothing, some

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


def owner(path: str, scene: Scene) -> tuple[str, Use] | None:
    """Return the attribute and the tag of MODULE.bazel that name a path as their lock."""
    for use in module_file.uses(scene.range.after("MODULE.bazel") or b""):
        for attribute in (_PYTHON_LOCKS | {_LOCK}) & use.words.keys():
            if path in map(module_file.path_of, module_values.strings(use.words[attribute])):
                return attribute, use
    return None


def verdict(change: Change, scene: Scene) -> Verdict | None:
    """Answer for a lock that a module extension reads."""
    found = owner(change.path, scene)
    if found is None:
        return None
    attribute, use = found
    before, after = scene.range.before(change.path), scene.range.after(change.path)
    if before is None or after is None:
        return everything(change.path, f"the lock is {change.kind.value}")
    if attribute in _PYTHON_LOCKS:
        difference = requirements.difference(before.decode(), after.decode())
        answer = track_locks.verdict(change.path, use, difference, scene) or _distributions(
            change.path, use.name("hub_name", "pip"), difference, scene
        )
        return track_locks.with_definitions(answer, use, difference, scene)
    return _repositories(change.path, use, changed_parts(before, after), scene)


def _distributions(path: str, hub: str, difference: requirements.Difference, scene: Scene) -> Verdict:
    """Seed the distributions whose version, markers or hashes differ; the graph knows who needs them."""
    if difference.options_differ:
        return everything(path, "options of the lock changed")
    if not difference.changed and not difference.gone:
        return nothing(path, "no distribution differs")
    try:
        orphans = _users(hub, difference.gone, scene)
    except BazelFailedError as error:
        return everything(path, f"the graph cannot say who had {', '.join(difference.gone)}: {error}")
    present = [name for name in difference.changed if _is_in_hub(hub, name, difference.after.pins[name], scene)]
    return some(path, ", ".join(difference.described()), (*_labels(hub, present), *orphans))


def _is_in_hub(hub: str, name: str, pins: Sequence[requirements.Pin], scene: Scene) -> bool:
    """Tell whether a distribution is on any platform; a marker such as `sys_platform == 'win32'` may exclude all."""
    if any(";" not in pin.requirement for pin in pins):
        return True
    try:
        return bool(scene.bazel.query(f"@{hub}//{name}:all"))
    except BazelFailedError:
        return False


def _labels(hub: str, names: list[str]) -> tuple[str, ...]:
    """Return every name of distributions: a target may take their library, their programs or their metadata."""
    return tuple(f"@{hub}//{name}:all" for name in names)


def _users(hub: str, gone: list[str], scene: Scene) -> list[str]:
    """Return who had distributions that the lock no longer holds, which only the base's graph knows."""
    return sorted(scene.snapshots.users_at_base(_labels(hub, gone))) if gone else []


def changed_parts(before: bytes, after: bytes) -> dict[str, list[str]]:
    """Return the architectures whose `packages` differ in a lock, each with what differs in its repository.

    None where anything else differs too.
    """
    try:
        old, new = json.loads(before), json.loads(after)
        packages, others = old.pop("packages"), new.pop("packages")
        pairs = {part: (packages.get(part, []), others.get(part, [])) for part in sorted(packages | others)}
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}
    return {part: _differing(*pair) for part, pair in pairs.items() if pair[0] != pair[1]} if old == new else {}


def _differing(before: list[Any], after: list[Any]) -> list[str]:
    """Return all of a repository, or its list of packages and files where no package that differs is unpacked."""
    apart = [package for package in (*before, *after) if package not in before or package not in after]
    if not apart or not all(map(_is_for_all, apart)):
        return ["..."]
    return [":debs", *(f":debs/{package['name']}.deb" for package in apart if package in after)]


def _is_for_all(package: Any) -> bool:  # noqa: ANN401 - a lock may hold anything
    """Tell whether a package is for all architectures: tools/oci/debian/repository.bzl does not unpack it."""
    return isinstance(package, dict) and "name" in package and str(package.get("path")).endswith("_all.deb")


def _repositories(path: str, use: Use, parts: Mapping[str, list[str]], scene: Scene) -> Verdict:
    """Seed every repository that is made from this lock, or from the parts of it that differ, which end its name."""
    name = use.name("name")
    known = module_file.used_repositories(scene.range.after("MODULE.bazel") or b"", use.extension)
    mine = {one: ["..."] for one in known if one == name or one.startswith(f"{name}_")}
    by_part = {one: parts[part] for one in mine if (part := one.removeprefix(f"{name}_")) in parts}
    if parts and len(by_part) == len(parts):
        mine = by_part
    if not mine:
        return everything(path, "MODULE.bazel does not say which repositories are made from it")
    seeds = tuple(f"@{repository}//{target}" for repository, targets in mine.items() for target in targets)
    return some(path, f"{', '.join(mine)} made anew", seeds)

"""Finds where a lock and its requirements files disagree, without a network."""

from collections.abc import Mapping, Sequence

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tools.requirements.lockfile import Pin
from tools.requirements.wheels import fitting

_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


def complaints(requirements: Mapping[str, Sequence[Requirement]], lock: Mapping[NormalizedName, Pin]) -> list[str]:
    """Return a sentence for each disagreement between requirements (by file) and their lock."""
    asked = {file: {canonicalize_name(each.name) for each in wanted} for file, wanted in requirements.items()}
    return [
        *(text for wanted in requirements.values() for requirement in wanted for text in _unmet(requirement, lock)),
        *(text for pin in lock.values() for text in _faults(pin, asked=asked, lock=lock)),
    ]


def unexplained(
    requirements: Sequence[Requirement],
    lock: Mapping[NormalizedName, Pin],
    main: Mapping[NormalizedName, Pin],
) -> list[str]:
    """Return a sentence for each pin of a track that differs from the main lock without need.

    A difference is needed for what the track requires itself, and for what such a distribution requires or is required
    by, if that differs as well.
    """
    differing = {name for name, pin in lock.items() if name in main and pin.version != main[name].version}
    own = {canonicalize_name(requirement.name) for requirement in requirements}
    explained = set[NormalizedName]()
    while more := {name for name in differing - explained if name in own or _relatives(name, lock) & explained}:
        explained |= more
    return [
        f"{name} is {lock[name].version}, and {main[name].version} in the main lock, which the track could have"
        for name in sorted(differing - explained)
    ]


def _relatives(name: NormalizedName, lock: Mapping[NormalizedName, Pin]) -> set[str]:
    """Return the distributions that require this one or are required by it."""
    return {other for other, pin in lock.items() if name in pin.parents} | set(lock[name].parents)


def unmet_needs(name: str, needs: Sequence[str], lock: Mapping[NormalizedName, Pin]) -> list[str]:
    """Say which `Requires-Dist` of a locked distribution the lock leaves open on Linux."""
    extras = lock[canonicalize_name(name)].requirement.extras or {""}
    wanted = [Requirement(need) for need in needs]
    applying = [
        need
        for need in wanted
        if need.marker is None or any(need.marker.evaluate({**_LINUX, "extra": extra}) for extra in extras | {""})
    ]
    return [f"{name} needs {text}" for need in applying for text in _unmet(need, lock)]


def _unmet(requirement: Requirement, lock: Mapping[NormalizedName, Pin]) -> list[str]:
    pin = lock.get(canonicalize_name(requirement.name))
    if pin is None:
        return [f"{requirement}: the lock does not pin it"]
    if not requirement.specifier.contains(pin.version, prereleases=True):
        return [f"{requirement}: the lock pins {pin.version}"]
    missing = requirement.extras - pin.requirement.extras
    return [f"{requirement}: the lock leaves out the extra {extra}" for extra in sorted(missing)]


def _faults(pin: Pin, *, asked: Mapping[str, set[NormalizedName]], lock: Mapping[NormalizedName, Pin]) -> list[str]:
    faults = []
    if not pin.hashes:
        faults.append("has no hash")
    for file, names in asked.items():
        if _root(file) in pin.parents and pin.name not in names:
            faults.append(f"is in the lock for {file}, which does not require it")
        if _root(file) not in pin.parents and pin.name in names:
            faults.append(f"is required by {file}, and the lock does not record this")
    orphaned = pin.parents - set(map(_root, asked)) - lock.keys()
    faults += [f"is in the lock for {parent}, which is not in the lock" for parent in sorted(orphaned)]
    if pin.files.keys() - pin.hashes or fitting(pin.files.values()) != list(pin.files.values()):
        faults.append("names a file of another distribution")
    return [f"{pin.name} {fault}" for fault in faults]


def _root(file: str) -> str:
    return f"-r {file}"

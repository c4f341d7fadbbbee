"""Finds where a lock and its requirements.in disagree, without a network."""

from collections.abc import Mapping, Sequence

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tools.requirements.lockfile import Pin
from tools.requirements.wheels import fitting

_ROOT = "-r requirements.in"
_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


def complaints(requirements: Sequence[Requirement], lock: Mapping[NormalizedName, Pin]) -> list[str]:
    """Say every disagreement in a sentence; an empty list means that the lock is up to date."""
    asked = {canonicalize_name(requirement.name) for requirement in requirements}
    return [
        *(text for requirement in requirements for text in _unmet(requirement, lock)),
        *(text for pin in lock.values() for text in _faults(pin, asked=asked, lock=lock)),
    ]


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


def _faults(pin: Pin, *, asked: set[NormalizedName], lock: Mapping[NormalizedName, Pin]) -> list[str]:
    faults = []
    if not pin.hashes:
        faults.append("has no hash")
    if _ROOT in pin.parents and pin.name not in asked:
        faults.append("is in the lock for requirements.in, which does not ask for it")
    if _ROOT not in pin.parents and pin.name in asked:
        faults.append("is asked for in requirements.in, and the lock does not know")
    orphaned = pin.parents - {_ROOT} - lock.keys()
    faults += [f"is in the lock for {parent}, which is not" for parent in sorted(orphaned)]
    if pin.files.keys() - pin.hashes or fitting(pin.files.values()) != list(pin.files.values()):
        faults.append("names a file that is not one of its own")
    return [f"{pin.name} {fault}" for fault in faults]

"""What one changed path means."""

import dataclasses
import enum
from collections.abc import Mapping

from tools.affected.ways import View


class Scope(enum.Enum):
    """How far a change reaches."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a changed path defines.

    `labels` are targets, or patterns of targets, that differ because of it. `files` are the labels
    that the path has if some target owns it; only the graph knows whether one does. `parts` has for a label
    the attributes that differ, where not everybody who looks at the target reads those. `through` has for a label
    the steps that lead to it from the path, where they are no edges of the graph. `reached` are targets that are
    affected without what depends on them, unless that is named as well, each with the steps that lead to it.
    """

    path: str
    scope: Scope
    reason: str
    labels: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    parts: Mapping[str, View] = dataclasses.field(default_factory=dict)
    through: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    reached: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


def everything(path: str, reason: str) -> Verdict:
    """Say that the path may touch every target."""
    return Verdict(path=path, scope=Scope.ALL, reason=reason)


def nothing(path: str, reason: str) -> Verdict:
    """Say that the path defines nothing, though a target may still own it as a file."""
    return Verdict(path=path, scope=Scope.NONE, reason=reason)


def some(path: str, reason: str, labels: tuple[str, ...]) -> Verdict:
    """Say which targets the path defines."""
    return Verdict(path=path, scope=Scope.SOME if labels else Scope.NONE, reason=reason, labels=labels)

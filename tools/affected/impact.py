"""What one changed path can affect."""

import dataclasses
import enum
from collections.abc import Mapping

from tools.affected.edges import Attributes


class Scope(enum.Enum):
    """How many targets a change affects."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChangeImpact:
    """The seeds of one changed path.

    Attributes:
        path: The changed path, relative to the workspace.
        scope: How many targets it affects.
        reason: Why, in a few words.
        seeds: Targets, or patterns of targets, that the path defines and that changed.
        file_labels: The labels that the path has if a target references it as a file. Only a query shows whether one
            does.
        changed_attributes: By seed, the attributes that changed if all of them are lists of files.
        steps_to_seed: By seed, the steps between the path and the seed that are not edges of the graph.
        affected: Targets that are affected in one of their configurations, each with the steps from the path. Their
            reverse dependencies are affected only if they are listed as well.
    """

    path: str
    scope: Scope
    reason: str
    seeds: tuple[str, ...] = ()
    file_labels: tuple[str, ...] = ()
    changed_attributes: Mapping[str, Attributes] = dataclasses.field(default_factory=dict)
    steps_to_seed: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    affected: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


def affects_all(path: str, reason: str) -> ChangeImpact:
    """Return the impact of a path that may affect every target."""
    return ChangeImpact(path=path, scope=Scope.ALL, reason=reason)


def affects_none(path: str, reason: str) -> ChangeImpact:
    """Return the impact of a path without seeds; a target may still reference the path as a file."""
    return ChangeImpact(path=path, scope=Scope.NONE, reason=reason)


def affects_seeds(path: str, reason: str, seeds: tuple[str, ...]) -> ChangeImpact:
    """Return the impact of a path with these seeds."""
    return ChangeImpact(path=path, scope=Scope.SOME if seeds else Scope.NONE, reason=reason, seeds=seeds)

"""The ways by which a change travels from target to target, and those that nobody looks down.

An aspect walks from a rule's `deps` to the `deps` of those, and reads some attributes of each target on its
way. A rule that hands on what such an aspect found, and has no targets but its `deps`, says what is not read:

    "_affected_unseen": attr.string_list(default = ["data"])

The content of what targets of this repository take by `data` does not reach that rule then. The attribute is private,
so that it stands beside the aspect that makes it true, and no target can say it for itself. What a target takes by
attributes other than `deps`, `srcs` and `data`, and whatever passes another repository, counts as seen.

What a target takes is another matter than what that holds: each program carries the names that repositories below it
have for each other, whoever took them by whatever attribute. So a target that is defined otherwise is seen by all.
"""

import collections
import dataclasses
import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

_STATEMENT = "$affected_unseen"
_OF_STARLARK = "$rule_implementation_hash"
_WALKED = "deps"
HIDEABLE = frozenset({"data", "srcs"})
"""The attributes that a rule may say it does not read."""

OPTIONS = (
    f"--proto:output_rule_attrs={','.join(('tags', _WALKED, *sorted(HIDEABLE), _STATEMENT))}",
    "--noproto:locations",
)
"""What a query has to print of each rule."""

View = frozenset[str]
"""The attributes that somebody who looks at a target does not read."""

WHOLE: View = frozenset()
State = tuple[str, View]
"""A target, or a file, and how it is looked at."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Taker:
    """A rule as Bazel says it, with what it does not read of the targets that it walks through."""

    rule: Mapping[str, Any]
    unseen: View

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Self:
        """Read what each rule may state; the rest is read of few."""
        said = (one for one in rule.get("attribute", ()) if one["name"] == _STATEMENT)
        return cls(rule=rule, unseen=frozenset(next(map(_values, said), ())))

    @property
    def takes(self) -> Sequence[str]:
        """Return what the rule takes: once for all of its attributes, and again for each of its aspects'."""
        taken: Sequence[str] = self.rule.get("ruleInput", ())
        return taken

    def looks(self, taken: str, view: View) -> View | None:
        """Return how whoever looks at this rule looks at what it takes, None for not at all."""
        if not view and not self.unseen:
            return WHOLE
        if self._is_alias:
            return view
        if self.takes.count(taken) > 1 or self._names(taken, HIDEABLE - view):
            return WHOLE
        if self._names(taken, {_WALKED}):
            return view or self.unseen
        return None if self._names(taken, view) else WHOLE

    def _names(self, taken: str, attributes: Iterable[str]) -> bool:
        return any(taken in self._named.get(attribute, ()) for attribute in attributes)

    @functools.cached_property
    def _named(self) -> Mapping[str, Sequence[str]]:
        return {one["name"]: _values(one) for one in self.rule.get("attribute", ())}

    @property
    def _is_alias(self) -> bool:
        return self.rule["ruleClass"] == "alias" and _OF_STARLARK not in self._named


def _values(attribute: Mapping[str, Any]) -> Sequence[str]:
    """Return the labels or words of an attribute; none where it is of a kind that no aspect walks."""
    several: Sequence[str] = attribute.get("stringListValue", ())
    return [attribute["stringValue"]] if attribute.get("stringValue") else several


class Ways:
    """The edges in one answer of Bazel."""

    def __init__(self, answer: Iterable[Mapping[str, Any]]) -> None:
        given = list(answer)
        self._takers = {entry["rule"]["name"]: Taker.of(entry["rule"]) for entry in given if entry["type"] == "RULE"}
        self.takes = {label: taker.takes for label, taker in self._takers.items()} | {
            entry["generatedFile"]["name"]: (entry["generatedFile"]["generatingRule"],)
            for entry in given
            if entry["type"] == "GENERATED_FILE"
        }
        self._views = sorted({WHOLE, *(taker.unseen for taker in self._takers.values())}, key=sorted)
        self._users = collections.defaultdict(set)
        for label, taken in self.takes.items():
            for one in taken:
                self._users[one].add(label)

    def hops(self, seeds: Mapping[str, View], defined: Iterable[str] = ()) -> dict[State, State | None]:
        """Walk from the seeds to what takes them, breadth first, so that every way back is a shortest one.

        A seed that differs in some attributes alone is none for whoever reads none of those. What takes one of
        `defined`, which may bring other repositories than before, sees it. What Bazel answers with for a reason that
        is no such edge is a seed too.
        """
        seen = self._above(defined)
        certain = dict.fromkeys(self.takes.keys() - self._above(seeds), WHOLE) | dict(seeds)
        hops: dict[State, State | None] = {
            (label, view): None
            for label, part in sorted(certain.items())
            for view in self._views
            if not part or not part <= view
        }
        waiting = collections.deque(hops)
        while waiting:
            came = waiting.popleft()
            users = sorted(self._users[came[0]])
            fresh = [state for state in itertools.product(users, self._views) if state not in hops]
            seeing = [state for state in fresh if came[0] in seen or self._looks(state, came[0]) == came[1]]
            hops |= dict.fromkeys(seeing, came)
            waiting += seeing
        return hops

    def _above(self, seeds: Iterable[str]) -> set[str]:
        reached = set(seeds)
        waiting = list(reached)
        while waiting:
            fresh = self._users[waiting.pop()] - reached
            reached |= fresh
            waiting += fresh
        return reached

    def _looks(self, state: State, taken: str) -> View | None:
        user, view = state
        taker = self._takers.get(user) if user.startswith("//") else None
        return taker.looks(taken, view) if taker else WHOLE

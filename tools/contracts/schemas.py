"""Compare two schemas in one direction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tools.contracts.checks import Direction, Finding, Location
from tools.contracts.discriminators import discriminator_findings
from tools.contracts.documents import Node
from tools.contracts.errors import ContractError
from tools.contracts.keywords import keyword_findings
from tools.contracts.objects import property_changes
from tools.contracts.shapes import ANNOTATIONS, UNIONS, Alternatives, Conjunction, Shape, alternatives_of

_PRIMITIVES = ("string", "number", "integer", "boolean")
_MAX_STEPS = 200_000

_Key = tuple[tuple[str, ...], tuple[str, ...], Location]


@dataclass
class SchemaComparison:
    """Compares the schemas of two documents. Schemas that refer to themselves are compared once."""

    _known: dict[_Key, tuple[Finding, ...]] = field(default_factory=dict)
    _open: list[_Key] = field(default_factory=list)
    _assumed: int | None = None
    """The outermost open comparison that a result relies on; such a result is not kept."""
    _steps: int = 0

    def compare(self, old: Conjunction, new: Conjunction, place: Location) -> tuple[Finding, ...]:
        """Return the differences between two schemas at a location. Raises ContractError."""
        key = (tuple(node.pointer for node in old), tuple(node.pointer for node in new), place)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            level = self._open.index(key)
            self._assumed = level if self._assumed is None else min(self._assumed, level)
            return ()
        self._count(new or old)
        earlier, self._assumed = self._assumed, None
        self._open.append(key)
        findings = tuple(dict.fromkeys(self._alternatives(alternatives_of(old), alternatives_of(new), place)))
        self._open.pop()
        if self._assumed is None or self._assumed >= len(self._open):
            self._assumed = None
            self._known[key] = findings
        self._assumed = min((level for level in (earlier, self._assumed) if level is not None), default=None)
        return findings

    def _count(self, schema: Conjunction) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            [first, *_] = schema
            raise ContractError(f"{first.document.name}: {first.pointer}: the schemas are too entangled to compare")

    def _alternatives(self, old: Alternatives, new: Alternatives, place: Location) -> Iterator[Finding]:
        where = _pointer(new.shapes, old.shapes)
        if old.is_nullable != new.is_nullable:
            verb = "became-nullable" if new.is_nullable else "became-not-nullable"
            yield place.finding(verb, where, "null is allowed" if new.is_nullable else "null is not allowed any more")
        yield from discriminator_findings(old.discriminator, new.discriminator, place)
        before, after = self._distinct(old.shapes), self._distinct(new.shapes)
        if len(before) == len(after) == 1:
            yield from self._shapes(before[0], after[0], place)
            return
        yield from self._union(before, after, place, names=(_union_name(old), _union_name(new)))

    def _union(
        self, before: Sequence[Shape], after: Sequence[Shape], place: Location, *, names: tuple[str, str]
    ) -> Iterator[Finding]:
        """Compare alternatives: the similar ones with each other, the rest as removed and added."""
        pairs = _pairs(before, after)
        for old, new in pairs:
            found = list(self._shapes(old, new, place))
            others, is_request = (after, True) if place.direction is Direction.REQUEST else (before, False)
            if any(each.is_breaking for each in found) and any(
                self._fits(old if is_request else other, other if is_request else new, place) for other in others
            ):
                continue
            yield from found
        paired_old, paired_new = {id(old) for old, _ in pairs}, {id(new) for _, new in pairs}
        removed = [shape for shape in before if id(shape) not in paired_old]
        added = [shape for shape in after if id(shape) not in paired_new]
        for shape in removed:
            if place.direction is Direction.REQUEST and any(self._fits(shape, other, place) for other in after):
                continue
            aspect = "list-of-types-narrowed" if names[0] == "type" else f"{names[0]}-removed"
            yield place.finding(aspect, shape.pointer, f"{_shown(shape)} is not allowed any more")
        for shape in added:
            if place.direction is Direction.RESPONSE and any(self._fits(other, shape, place) for other in before):
                continue
            aspect = "list-of-types-widened" if names[1] == "type" else f"{names[1]}-added"
            yield place.finding(aspect, shape.pointer, f"{_shown(shape)} is allowed too")

    def _fits(self, old: Shape, new: Shape, place: Location) -> bool:
        """Return whether replacing the first by the second breaks nothing."""
        return not any(each.is_breaking for each in self._shapes(old, new, place))

    def _distinct(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Remove each primitive alternative whose values another alternative also allows."""
        kept = list(shapes)
        for shape in shapes if len(shapes) > 1 else ():
            if shape.type in _PRIMITIVES and any(_covers(other, shape) for other in kept if other is not shape):
                kept.remove(shape)
        return kept

    def _shapes(self, old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
        where = new.pointer or old.pointer
        if old.type != new.type:
            aspect = _type_aspect(old.type, new.type, place)
            yield place.finding(aspect, where, f"type {old.type or 'any'} became {new.type or 'any'}")
            if {old.type, new.type} != {"integer", "number"}:
                return
        yield from keyword_findings(old, new, place)
        if new.type in (None, "object"):
            yield from self._objects(old, new, place)
        if new.type in (None, "array"):
            yield from self._arrays(old, new, place)

    def _objects(self, old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
        findings, common = property_changes(old, new, place)
        yield from findings
        for before, after in common:
            yield from self.compare(before, after, place.nested)
        if old.is_closed != new.is_closed:
            verb = "forbidden" if new.is_closed else "allowed"
            where = f"{new.pointer or old.pointer}/additionalProperties"
            yield place.finding(f"additional-properties-{verb}", where, f"other properties are {verb}")
        elif not new.is_closed and (old.additional or new.additional):
            yield from self.compare(old.additional, new.additional, place.nested)

    def _arrays(self, old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
        if old.below("items") or new.below("items"):
            yield from self.compare(old.below("items"), new.below("items"), place.nested)
        before = [each for node in old.below("prefixItems") for each in node.entries()]
        after = [each for node in new.below("prefixItems") for each in node.entries()]
        for one, other in zip(before, after, strict=False):
            yield from self.compare((one,), (other,), place.nested)
        for node in before[len(after) :]:
            yield place.finding("prefix-items-removed", node.pointer, "an item at a fixed position is gone")
        for node in after[len(before) :]:
            yield place.finding("prefix-items-added", node.pointer, "an item has a fixed position")


def _type_aspect(old: str | None, new: str | None, place: Location) -> str:
    if new is None or (old, new) == ("integer", "number"):
        return "type-generalized"
    if old is None or (old, new) == ("number", "integer"):
        # oasdiff has no separate name for a narrower type in a request.
        return "type-changed" if place.direction is Direction.REQUEST else "type-specialized"
    return "type-changed"


def _pairs(before: Sequence[Shape], after: Sequence[Shape]) -> list[tuple[Shape, Shape]]:
    """Pair alternatives: first those of the same named schema, then those that are the only one of their type."""
    pairs: list[tuple[Shape, Shape]] = []
    rest = list(after)
    for old in before:
        same = [new for new in rest if old.type == new.type and old.components and old.components == new.components]
        if same:
            pairs.append((old, same[0]))
            rest.remove(same[0])
    paired = {id(old) for old, _ in pairs}
    left = [old for old in before if id(old) not in paired]
    for old in left:
        alike = [each for each in left if each.type == old.type]
        same = [new for new in rest if new.type == old.type]
        if len(alike) == len(same) == 1:
            pairs.append((old, same[0]))
            rest.remove(same[0])
    return pairs


def _covers(wide: Shape, narrow: Shape) -> bool:
    """Return whether a primitive alternative, restricted by nothing but its type, allows every value of another."""
    is_type = wide.type == narrow.type or (wide.type, narrow.type) == ("number", "integer")
    return is_type and wide.enum is None and all(_is_bare(part) for part in wide.parts)


def _is_bare(part: Node) -> bool:
    ignored = {*ANNOTATIONS, *UNIONS, "$ref", "allOf", "type"}
    return not any(keyword not in ignored and not keyword.startswith("x-") for keyword in part.members())


def _union_name(alternatives: Alternatives) -> str:
    return {"anyOf": "any-of", "oneOf": "one-of", None: "type"}[alternatives.union]


def _shown(shape: Shape) -> str:
    names = sorted(pointer.rpartition("/")[2] for pointer in shape.components)
    return " and ".join(names) or f"type {shape.type or 'any'}"


def _pointer(*shapes: Sequence[Shape]) -> str:
    return next((shape.pointer for each in shapes for shape in each if shape.pointer), "#")

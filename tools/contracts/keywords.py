"""Compare enums, limits, patterns and formats of two schemas, and the keywords that are compared as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass

from tools.contracts.checks import CONDITIONS, Direction, Finding, Location
from tools.contracts.shapes import Shape


@dataclass(frozen=True)
class _Limit:
    """A keyword with a number; `default` holds where it is absent."""

    keyword: str
    name: str
    types: tuple[str, ...]
    is_upper: bool
    default: float | None = None


_NUMBERS = ("number", "integer")
_LIMITS = (
    _Limit("maximum", "max", _NUMBERS, is_upper=True),
    _Limit("exclusiveMaximum", "exclusive-max", _NUMBERS, is_upper=True),
    _Limit("minimum", "min", _NUMBERS, is_upper=False),
    _Limit("exclusiveMinimum", "exclusive-min", _NUMBERS, is_upper=False),
    _Limit("maxLength", "max-length", ("string",), is_upper=True),
    _Limit("minLength", "min-length", ("string",), is_upper=False, default=0),
    _Limit("maxItems", "max-items", ("array",), is_upper=True),
    _Limit("minItems", "min-items", ("array",), is_upper=False),
    _Limit("maxContains", "max-contains", ("array",), is_upper=True),
    _Limit("minContains", "min-contains", ("array",), is_upper=False, default=1),
    _Limit("maxProperties", "max-properties", ("object",), is_upper=True),
    _Limit("minProperties", "min-properties", ("object",), is_upper=False, default=0),
)
_WIDER_FORMATS = {("int32", "int64"), ("float", "double")}


def keyword_findings(old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
    """Yield the differences in values, limits, patterns and formats, and in keywords compared as a whole."""
    yield from _enums(old, new, place)
    for limit in _LIMITS:
        if new.type is None or new.type in limit.types:
            yield from _limit(old, new, limit, place)
    if new.type in (None, "string"):
        yield from _patterns(old, new, place)
    yield from _formats(old, new, place)
    yield from _unique(old, new, place)
    for keyword, name in {"multipleOf": "multiple-of", **CONDITIONS}.items():
        yield from (place.finding(*found) for found in _whole(old, new, keyword, name))
    yield from _unknown(old, new, place)


def _enums(old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
    where = new.pointer or old.pointer
    if old.enum is None or new.enum is None:
        if new.enum is not None:
            yield place.finding("became-enum", where, f"only {', '.join(new.enum)} is allowed")
        elif old.enum is not None:
            yield place.finding("enum-removed", where, "any value is allowed")
        return
    removed = [value for value in old.enum if value not in new.enum]
    added = [value for value in new.enum if value not in old.enum]
    if old.is_const and new.is_const and removed and added:
        yield place.finding("const-changed", f"{where}/const", f"{removed[0]} became {added[0]}")
        return
    for value in removed:
        yield place.finding("enum-value-removed", where, f"value {value} is gone")
    for value in added:
        yield place.finding("enum-value-added", where, f"value {value} is new")


def _limit(old: Shape, new: Shape, limit: _Limit, place: Location) -> Iterator[Finding]:
    nothing = None if limit.default is None else (limit.default, f"{new.pointer}/{limit.keyword}")
    before = old.number(limit.keyword, is_upper=limit.is_upper) or nothing
    after = new.number(limit.keyword, is_upper=limit.is_upper) or nothing
    if before is None and after is None:
        return
    if before is None and after is not None:
        yield place.finding(f"{limit.name}-set", after[1], f"{limit.keyword} {after[0]} is new")
    elif before is not None and after is None:
        yield place.finding(f"{limit.name}-unset", before[1], f"{limit.keyword} {before[0]} is gone")
    elif before is not None and after is not None and before[0] != after[0]:
        verb = "increased" if after[0] > before[0] else "decreased"
        yield place.finding(f"{limit.name}-{verb}", after[1], f"{limit.keyword} {before[0]} became {after[0]}")


def _patterns(old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
    before, after = old.texts("pattern"), new.texts("pattern")
    added = [each for each in after if each not in before]
    removed = [each for each in before if each not in after]
    for one, other in zip(removed, added, strict=False):
        yield place.finding("pattern-changed", after[other], f"pattern {one} became {other}")
    for each in added[len(removed) :]:
        yield place.finding("pattern-added", after[each], f"pattern {each} is new")
    for each in removed[len(added) :]:
        yield place.finding("pattern-removed", before[each], f"pattern {each} is gone")


def _formats(old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
    """Count the format as part of the type, as oasdiff does."""
    before, after = old.texts("format"), new.texts("format")
    if before.keys() == after.keys():
        return
    where = next(iter((after or before).values()))
    shown = f"format {', '.join(before) or 'any'} became {', '.join(after) or 'any'}"
    if after.keys() < before.keys() or (*before, *after) in _WIDER_FORMATS:
        yield place.finding("type-generalized", where, shown)
    elif before.keys() < after.keys() or (*after, *before) in _WIDER_FORMATS:
        is_request = place.direction is Direction.REQUEST
        yield place.finding("type-changed" if is_request else "type-specialized", where, shown)
    else:
        yield place.finding("type-changed", where, shown)


def _unique(old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
    before, after = (any(node.value is True for node in each.below("uniqueItems")) for each in (old, new))
    if before != after:
        verb = "added" if after else "removed"
        yield place.finding(f"unique-items-{verb}", new.pointer or old.pointer, f"uniqueItems is {verb}")


def _whole(old: Shape, new: Shape, keyword: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield aspect, pointer and detail of a keyword whose values differ in any way."""
    before, after = old.whole(keyword), new.whole(keyword)
    if before == after:
        return
    verb = "added" if not before else "removed" if not after else "changed"
    shape = new if after else old
    yield f"{name}-{verb}", f"{shape.below(keyword)[0].pointer}", f"{keyword} was {verb}"


def _unknown(old: Shape, new: Shape, place: Location) -> Iterator[Finding]:
    before, after = old.unknown(), new.unknown()
    for keyword in sorted(before.keys() | after.keys()):
        one, other = before.get(keyword), after.get(keyword)
        if one is None or other is None or one[0] != other[0]:
            _, where = other or one or ("", "")
            yield place.finding(
                "unknown-keyword", where, f"{keyword} is not supported, so any change of it counts as breaking"
            )

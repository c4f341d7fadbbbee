"""Bring schemas into a form in which two of them can be compared.

A conjunction is a tuple of schemas that all hold. `alternatives_of` resolves its `$ref` and `allOf`, multiplies out
`anyOf` and `oneOf`, and splits lists of types, so that each alternative has at most one type and no union.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tools.contracts.checks import CONDITIONS
from tools.contracts.documents import Node
from tools.contracts.errors import ContractError

Conjunction = tuple[Node, ...]

UNIONS = ("anyOf", "oneOf")
_MAX_ALTERNATIVES = 256
_SCHEMA = "#/components/schemas/"
_TYPES = {"string", "number", "integer", "boolean", "array", "object", "null"}

_IGNORED = "$comment $defs default deprecated description example examples externalDocs title readOnly writeOnly"
_KEYWORDS = (
    "$ref allOf anyOf oneOf type enum const discriminator pattern format multipleOf maximum exclusiveMaximum minimum "
    "exclusiveMinimum maxLength minLength maxItems minItems maxProperties minProperties maxContains minContains "
    "uniqueItems prefixItems items properties required additionalProperties"
)

ANNOTATIONS = frozenset(_IGNORED.split())
"""Keywords that do not count."""

_COMPARED = frozenset(_KEYWORDS.split())
_NAMED_SCHEMAS = frozenset(["properties", "patternProperties", "dependentSchemas"])
_VALUES = frozenset(["const", "enum", "required", "dependentRequired", "type"])


@dataclass(frozen=True, eq=False)
class Shape:
    """One alternative of a schema: parts that all hold, at most one type, no union."""

    parts: Conjunction
    type: str | None
    enum: Mapping[str, Any] | None

    @property
    def pointer(self) -> str:
        """The position of the schema; empty for one that allows everything."""
        return self.parts[0].pointer if self.parts else ""

    @property
    def key(self) -> tuple[str, ...]:
        """The values that distinguish the alternatives of one document."""
        return (*(part.pointer for part in self.parts), self.type or "", *(self.enum or ()))

    @property
    def components(self) -> frozenset[str]:
        """The named schemas that it consists of."""
        return frozenset(part.pointer for part in self.parts if _is_component(part.pointer))

    @property
    def is_const(self) -> bool:
        """Whether the only value is given by `const`."""
        return any("const" in part.members() for part in self.parts)

    @cached_property
    def properties(self) -> dict[str, Conjunction]:
        """The schema of each property; empty for a name that is only in `required`."""
        found: dict[str, Conjunction] = {}
        for part in self.parts:
            declared = part.child("properties")
            for name, schema in declared.members().items() if declared else ():
                found[name] = (*found.get(name, ()), schema)
        return found | dict.fromkeys(sorted(self.required - found.keys()), ())

    @cached_property
    def required(self) -> frozenset[str]:
        """The names of the required properties."""
        return frozenset(name.value for part in self.parts for name in part.list_of("required") if _is_text(name))

    @property
    def additional(self) -> Conjunction:
        """The schema of other properties."""
        return self.below("additionalProperties")

    @property
    def is_closed(self) -> bool:
        """Whether other properties are forbidden."""
        return any(each.value is False for each in self.additional)

    def below(self, keyword: str) -> Conjunction:
        """Return the schemas under a keyword."""
        return tuple(node for _, node in self._under(keyword))

    def texts(self, keyword: str) -> dict[str, str]:
        """Return the texts under a keyword with the pointer of each."""
        return {
            found: f"{part.pointer}/{keyword}" for part in self.parts if (found := part.string(keyword)) is not None
        }

    def number(self, keyword: str, *, is_upper: bool) -> tuple[float, str] | None:
        """Return the tightest value of a limit with its pointer, None where there is none."""
        found = [(_number(node), node.pointer) for node in self.below(keyword)]
        if not found:
            return None
        return min(found) if is_upper else max(found)

    def whole(self, keyword: str) -> str:
        """Return everything under a keyword as a text that is equal for equal meanings; empty where there is none."""
        found = [Node(node.document, part.pointer, {keyword: node.value}) for part, node in self._under(keyword)]
        return "&".join(sorted(canonical(_plain(node, ())) for node in found))

    def unknown(self) -> dict[str, tuple[str, str]]:
        """Return canonical values of the unsupported keywords, with their pointers."""
        found: dict[str, tuple[str, str]] = {}
        for part in self.parts:
            for keyword, node in part.members().items():
                if not is_known(keyword):
                    earlier = found.get(keyword, ("", ""))[0]
                    found[keyword] = (earlier + canonical(node.value), node.pointer)
        return found

    def _under(self, keyword: str) -> list[tuple[Node, Node]]:
        return [(part, child) for part in self.parts if (child := part.child(keyword)) is not None]


@dataclass(frozen=True)
class Alternatives:
    """The alternatives of a schema. `union` names the keyword that lists them, where one does."""

    shapes: tuple[Shape, ...]
    is_nullable: bool
    union: str | None
    discriminator: Node | None


def is_known(keyword: str) -> bool:
    """Return whether a keyword is compared, compared as a whole, or ignored."""
    return keyword in ANNOTATIONS or keyword in _COMPARED or keyword in CONDITIONS or keyword.startswith("x-")


def alternatives_of(schema: Conjunction) -> Alternatives:
    """Return the alternatives of a schema; raises ContractError."""
    shapes: dict[tuple[str, ...], Shape] = {}
    is_nullable = False
    for parts in _combinations(schema, frozenset()):
        types, enum = _types(parts), _enum(parts)
        allows_null = (types is None or "null" in types) and (enum is None or "null" in enum)
        is_nullable = is_nullable or allows_null
        values = None if enum is None else {key: value for key, value in enum.items() if key != "null"}
        if types is None and values is not None:
            types = _without_integer(frozenset(map(_type_of, values.values())))
        for each in [None] if types is None else sorted(types - {"null"}):
            shape = Shape(parts, each, _of_type(values, each))
            if shape.enum is None or shape.enum:
                shapes.setdefault(shape.key, shape)
    plain = [part for node in schema for part in _expanded(node, set())]
    unions = [keyword for part in plain for keyword in UNIONS if keyword in part.members()]
    tags = [tag for part in plain if (tag := part.child("discriminator"))]
    return Alternatives(tuple(shapes.values()), is_nullable, next(iter(unions), None), next(iter(tags), None))


def canonical(value: object) -> str:
    """Return a JSON value as a text that is equal for equal values."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def as_text(node: Node) -> str:
    """Return a part of a document as a text without annotations, with each `$ref` written out."""
    return canonical(_plain(node, ()))


def _combinations(schema: Conjunction, above: frozenset[str]) -> list[Conjunction]:
    """Return one conjunction for each choice of the branches of all unions."""
    parts: dict[str, Node] = {}
    for node in schema:
        parts |= {part.pointer: part for part in _expanded(node, set())}
    choices = [
        [
            chosen
            for branch in union.entries()
            if branch.pointer not in above
            for chosen in _combinations((branch,), above | {branch.pointer})
        ]
        for part in parts.values()
        for keyword in UNIONS
        if (union := part.child(keyword)) is not None
    ]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MAX_ALTERNATIVES:
        [first, *_] = schema
        raise ContractError(f"{first.document.name}: {first.pointer} has {count} alternatives, too many to compare")
    own = tuple(parts.values())
    return [own + tuple(itertools.chain.from_iterable(chosen)) for chosen in itertools.product(*choices)]


def _expanded(node: Node, seen: set[str]) -> Iterator[Node]:
    """Yield a schema and the targets of its `$ref` and `allOf`, each once."""
    if node.value is True or node.pointer in seen:
        return
    seen.add(node.pointer)
    if node.value is False:
        node = replace(node, value={"not": {}})
    target = node.reference()
    if target is not None:
        yield from _expanded(target, seen)
    if any(keyword != "$ref" and keyword not in ANNOTATIONS for keyword in node.members()) or target is None:
        yield node
    for branch in node.list_of("allOf"):
        yield from _expanded(branch, seen)


def _types(parts: Conjunction) -> frozenset[str] | None:
    """Return the types that all parts allow, None for all of them."""
    allowed: frozenset[str] | None = None
    for node in [found for part in parts if (found := part.child("type")) is not None]:
        names = node.value if isinstance(node.value, list) else [node.value]
        if not all(isinstance(name, str) and name in _TYPES for name in names):
            raise node.invalid("a type of JSON Schema")
        named = frozenset(names)
        allowed = named if allowed is None else _common(allowed, named)
    return None if allowed is None else _without_integer(allowed)


def _without_integer(types: frozenset[str]) -> frozenset[str]:
    """Leave out `integer` beside `number`, which includes it."""
    return types - {"integer"} if "number" in types else types


def _common(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    both = one & other
    is_integer = "integer" in one | other and "number" in one | other
    return both | {"integer"} if is_integer else both


def _enum(parts: Conjunction) -> dict[str, Any] | None:
    """Return the values that all parts allow by their canonical text, None for all of them."""
    allowed: dict[str, Any] | None = None
    for part in parts:
        lists = [part.list_of("enum")] if "enum" in part.members() else []
        const = part.child("const")
        for values in [*lists, *([[const]] if const else [])]:
            named = {canonical(node.value): node.value for node in values}
            allowed = named if allowed is None else {key: each for key, each in allowed.items() if key in named}
    return allowed


def _of_type(values: Mapping[str, Any] | None, type_: str | None) -> Mapping[str, Any] | None:
    if values is None or type_ is None:
        return values
    fitting = {type_, "integer"} if type_ == "number" else {type_}
    return {key: value for key, value in values.items() if _type_of(value) in fitting}


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names: list[tuple[type, str]] = [(float, "number"), (str, "string"), (list, "array"), (dict, "object")]
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def _plain(node: Node, above: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
    """Return a schema without annotations, with each `$ref` written out up to where it repeats itself."""
    if not isinstance(node.value, Mapping):
        return [_plain(each, above) for each in node.entries()] if isinstance(node.value, list) else node.value
    target = node.reference() if isinstance(node.value.get("$ref"), str) else None
    written: dict[str, Any] = {}
    if target is not None:
        is_cycle = target.pointer in above
        written["$ref"] = above.index(target.pointer) if is_cycle else _plain(target, (*above, target.pointer))
    for keyword, child in node.members().items():
        if keyword in ANNOTATIONS or keyword == "$ref" or keyword.startswith("x-"):
            continue
        if keyword in _NAMED_SCHEMAS:
            written[keyword] = {name: _plain(each, above) for name, each in child.members().items()}
        else:
            written[keyword] = child.value if keyword in _VALUES else _plain(child, above)
    return written


def _number(node: Node) -> float:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise node.invalid("a number")
    return node.value


def _is_text(node: Node) -> bool:
    if not isinstance(node.value, str):
        raise node.invalid("a string")
    return True


def _is_component(pointer: str) -> bool:
    return pointer.startswith(_SCHEMA) and "/" not in pointer.removeprefix(_SCHEMA)

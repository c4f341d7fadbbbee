"""Compare the parameters of two operations."""

import re
from collections.abc import Iterator

from tools.contracts.checks import PARAMETER, Finding, finding
from tools.contracts.content import content_findings
from tools.contracts.documents import Node
from tools.contracts.schemas import SchemaComparison
from tools.contracts.shapes import canonical

_Key = tuple[str, str]

_STYLE = ("style", "explode", "allowReserved")


def parameter_findings(old: "Parameters", new: "Parameters", schemas: SchemaComparison) -> Iterator[Finding]:
    """Yield the differences between the parameters of two operations."""
    for key, node in old.by_key.items():
        if key not in new.by_key:
            yield finding("request-parameter-removed", node.pointer, f"{old.shown(key)} is gone")
    for key, node in new.by_key.items():
        if key in old.by_key:
            yield from _changes(old.by_key[key], node, schemas, shown=new.shown(key))
            continue
        kind = "required" if _is_required(node) else "optional"
        yield finding(f"new-{kind}-request-parameter", node.pointer, f"there is a new {kind} {new.shown(key)}")


class Parameters:
    """The parameters of an operation. Those of the path are known by their position, so that they may be renamed."""

    def __init__(self, path: str, item: Node, operation: Node) -> None:
        self._names = re.findall(r"\{([^}]*)\}", path)
        self.by_key: dict[_Key, Node] = {}
        for node in (*item.list_of("parameters"), *operation.list_of("parameters")):
            parameter = node.resolved()
            name, place = parameter.string("name"), parameter.string("in")
            if name is None or place is None:
                raise parameter.invalid("a parameter with `name` and `in`")
            self.by_key[self._key(name, place)] = parameter

    def shown(self, key: _Key) -> str:
        """Return how a finding calls a parameter."""
        return f"{key[0]} parameter {self.by_key[key].string('name')!r}"

    def _key(self, name: str, place: str) -> _Key:
        if place == "path" and name in self._names:
            return place, str(self._names.index(name))
        return place, name.lower() if place == "header" else name


def _changes(old: Node, new: Node, schemas: SchemaComparison, *, shown: str) -> Iterator[Finding]:
    before, after = old.string("name"), new.string("name")
    if before != after and new.string("in") == "path":
        yield finding("request-parameter-renamed", new.pointer, f"path parameter {before!r} became {after!r}")
    if _is_required(old) != _is_required(new):
        verb = "required" if _is_required(new) else "optional"
        yield finding(f"request-parameter-became-{verb}", new.pointer, f"{shown} became {verb}")
    if [canonical(_value(old, key)) for key in _STYLE] != [canonical(_value(new, key)) for key in _STYLE]:
        yield finding("request-parameter-style-changed", new.pointer, f"{shown} is written in another way")
    yield from _default(old, new, shown)
    yield from content_findings(old, new, schemas, place=PARAMETER)
    schema = [(each,) if (each := node.child("schema")) else () for node in (old, new)]
    yield from schemas.compare(schema[0], schema[1], PARAMETER)


def _default(old: Node, new: Node, shown: str) -> Iterator[Finding]:
    before, after = _default_of(old), _default_of(new)
    if before == after:
        return
    verb = "added" if before is None else "removed" if after is None else "changed"
    detail = f"default of {shown}: {before or 'none'} became {after or 'none'}"
    yield finding(f"request-parameter-default-value-{verb}", f"{new.pointer}/schema/default", detail)


def _default_of(parameter: Node) -> str | None:
    schema = parameter.child("schema")
    default = schema.resolved().child("default") if schema and isinstance(schema.value, dict) else None
    return None if default is None else canonical(default.value)


def _is_required(parameter: Node) -> bool:
    return parameter.string("in") == "path" or parameter.flag("required")


def _value(node: Node, key: str) -> object:
    found = node.child(key)
    return None if found is None else found.value

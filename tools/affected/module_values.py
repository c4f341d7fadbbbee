"""The calls in MODULE.bazel with the values of their arguments, including calls in comprehensions."""

import ast
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Final

_METHODS: Final = {"format", "join", "removeprefix", "removesuffix", "replace", "split", "strip"}


class UnreadableError(Exception):
    """An expression is of a kind that cannot be evaluated here."""


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """Stands for a value that cannot be evaluated."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """One call, such as `pip.parse(hub_name = "pip")`; a call in a comprehension appears once for each element."""

    function: str
    keywords: Mapping[str, object]


def calls(text: bytes) -> list[Call]:
    """Return the top-level calls of a file in order, or none if it cannot be parsed."""
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return []
    names: dict[str, object] = {}
    found: list[Call] = []
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            names[statement.targets[0].id] = _or_unreadable(statement.value, names)
        elif isinstance(statement, ast.Expr):
            found += _evaluated_calls(statement.value, names)
    return found


def strings(value: object) -> Iterator[str]:
    """Yield every string in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for pair in value.items():
            yield from strings(pair)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings(one)


def _evaluated_calls(node: ast.expr, names: Mapping[str, object]) -> Iterator[Call]:
    if isinstance(node, ast.Call):
        keywords = {word.arg: _or_unreadable(word.value, names) for word in node.keywords if word.arg}
        yield Call(function=ast.unparse(node.func), keywords=keywords)
    elif isinstance(node, ast.ListComp):
        try:
            for scope in list(_scopes(node.generators, names)):
                yield from _evaluated_calls(node.elt, scope)
        except UnreadableError:
            unreadable = {name: Unreadable() for name in _bound_names(node)}
            yield from _evaluated_calls(node.elt, {**names, **unreadable})


def _bound_names(node: ast.ListComp) -> set[str]:
    targets = [generator.target for generator in node.generators]
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def _or_unreadable(node: ast.expr, names: Mapping[str, object]) -> object:
    try:
        return _value(node, names)
    except (UnreadableError, TypeError, ValueError, KeyError, IndexError):
        return Unreadable()


def _value(node: ast.expr, names: Mapping[str, object]) -> object:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if not isinstance(names.get(name, Unreadable()), Unreadable):
            return names[name]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_value(one, names) for one in elements]
        case ast.ListComp(elt=element, generators=generators):
            return [_value(element, scope) for scope in _scopes(generators, names)]
    return _dictionary(node, names) if isinstance(node, ast.Dict | ast.DictComp) else _computed(node, names)


def _dictionary(node: ast.Dict | ast.DictComp, names: Mapping[str, object]) -> dict[object, object]:
    if isinstance(node, ast.DictComp):
        return {_value(node.key, scope): _value(node.value, scope) for scope in _scopes(node.generators, names)}
    pairs = zip(node.keys, node.values, strict=True)
    return {_value(_key(key), names): _value(value, names) for key, value in pairs}


def _key(key: ast.expr | None) -> ast.expr:
    if key is None:
        raise UnreadableError("**")
    return key


def _computed(node: ast.expr, names: Mapping[str, object]) -> object:
    """Return the value of an operator or of a method of a string."""
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(_value(left, names), _value(right, names))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            first, second = _value(left, names), _value(right, names)
            if isinstance(first, dict) and isinstance(second, dict):
                return first | second
        case ast.Call(func=ast.Attribute(value=owner, attr=method), args=arguments, keywords=[]):
            text = _value(owner, names)
            if isinstance(text, str) and method in _METHODS:
                result: object = getattr(text, method)(*(_value(one, names) for one in arguments))
                return result
    raise UnreadableError(ast.unparse(node))


def _sum(left: object, right: object) -> object:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    message = "only two strings or two lists can be added"
    raise UnreadableError(message)


def _scopes(generators: list[ast.comprehension], names: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the names that are bound in each iteration of a comprehension."""
    if not generators:
        yield names
        return
    first, *others = generators
    values = _value(first.iter, names)
    if first.ifs or not isinstance(values, list):
        raise UnreadableError(ast.unparse(first.iter))
    for value in values:
        yield from _scopes(others, {**names, **_unpacked(first.target, value)})


def _unpacked(target: ast.expr, value: object) -> dict[str, object]:
    if isinstance(target, ast.Name):
        return {target.id: value}
    if isinstance(target, ast.Tuple) and isinstance(value, list) and len(value) == len(target.elts):
        pairs = zip(target.elts, value, strict=True)
        return {name: one for part, each in pairs for name, one in _unpacked(part, each).items()}
    raise UnreadableError(ast.unparse(target))

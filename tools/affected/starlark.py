"""Starlark and rc files compared by what they say."""

import ast
import re


def says_the_same(before: bytes, after: bytes) -> bool:
    """Tell whether two Starlark files differ in comments, format and docstrings alone.

    Starlark is, but for a few keywords, Python's grammar. What Python cannot parse is not the same.
    """
    try:
        return _meaning(before) == _meaning(after)
    except (SyntaxError, ValueError):
        return False


def _meaning(text: bytes) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)


def calls(text: bytes, function: str) -> list[str]:
    """Return the calls of a function at the top of a Starlark file, in one format."""
    return [ast.unparse(call) for call in _called(text, function)]


def keywords(text: bytes, function: str) -> dict[str, object]:
    """Return what the calls of a function at the top of a Starlark file say, by keyword.

    A value that is no literal is given by its meaning, as one string.
    """
    return {word.arg or "**": _value(word.value) for call in _called(text, function) for word in call.keywords}


def _called(text: bytes, function: str) -> list[ast.Call]:
    """Return the calls of a function at the top of a Starlark file; none where it cannot be parsed."""
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return []
    values = [one.value for one in statements if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)]
    return [one for one in values if isinstance(one.func, ast.Name) and one.func.id == function]


def _value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.dump(node)


def same_options(before: bytes, after: bytes) -> bool:
    """Tell whether two rc files give the same options in the same order."""
    return _options(before) == _options(after)


def named_in_options(text: bytes) -> set[str]:
    """Return the paths in the workspace that an rc file gives: of files, folders, and programs by their label."""
    words = (word for line in _options(text) for word in line.decode(errors="replace").split())
    values = (word.rpartition("=")[2].removeprefix("file://") for word in words)
    found = {re.sub(r"^(%workspace%/|//)", "", value).replace(":", "/").lstrip("/") for value in values}
    # A word without either is a command, a number or a name.
    return {path for path in found if re.search(r"[/.]", path) and path.strip("./")}


def _options(text: bytes) -> list[bytes]:
    joined = text.replace(b"\\\n", b"")
    lines = (re.sub(rb"(^|\s)#.*", b"", line).split() for line in joined.splitlines())
    return [b" ".join(words) for words in lines if words]


def names(text: bytes) -> set[str]:
    """Return every string of a Starlark file; all of nothing where it cannot be parsed."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return set()
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}

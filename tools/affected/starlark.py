"""Comparison of Starlark and rc files by their meaning."""

import ast
import re


def is_equivalent(before: bytes, after: bytes) -> bool:
    """Return whether two Starlark files differ only in comments, format and docstrings.

    Starlark's grammar is nearly a subset of Python's. A file that Python cannot parse is not equivalent to any other.
    """
    try:
        return _syntax_tree(before) == _syntax_tree(after)
    except (SyntaxError, ValueError):
        return False


def _syntax_tree(text: bytes) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)


def calls(text: bytes, function: str) -> list[str]:
    """Return the top-level calls of a function in a Starlark file, in a normalised format."""
    return [ast.unparse(call) for call in _top_level_calls(text, function)]


def keywords(text: bytes, function: str) -> dict[str, object]:
    """Return the keyword arguments of the top-level calls of a function in a Starlark file.

    The value of an expression that is no literal is its syntax tree, as a string.
    """
    return {word.arg or "**": _value(word.value) for call in _top_level_calls(text, function) for word in call.keywords}


def _top_level_calls(text: bytes, function: str) -> list[ast.Call]:
    """Return the top-level calls of a function in a Starlark file, or none if it cannot be parsed."""
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
    """Return whether two rc files contain the same options in the same order."""
    return _options(before) == _options(after)


def paths_in_options(text: bytes) -> set[str]:
    """Return the paths in the workspace that an rc file contains: of files, of folders, and of labels."""
    words = (word for line in _options(text) for word in line.decode(errors="replace").split())
    values = (word.rpartition("=")[2].removeprefix("file://") for word in words)
    found = {re.sub(r"^(%workspace%/|//)", "", value).replace(":", "/").lstrip("/") for value in values}
    # A value without a slash or a dot is a command, a number or a name.
    return {path for path in found if re.search(r"[/.]", path) and path.strip("./")}


def _options(text: bytes) -> list[bytes]:
    joined = text.replace(b"\\\n", b"")
    lines = (re.sub(rb"(^|\s)#.*", b"", line).split() for line in joined.splitlines())
    return [b" ".join(words) for words in lines if words]


def string_literals(text: bytes) -> set[str]:
    """Return every string literal of a Starlark file, or none if it cannot be parsed."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return set()
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}

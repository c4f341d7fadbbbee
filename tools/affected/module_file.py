"""What MODULE.bazel says of files: which repositories are made from which, and by what code."""

import ast
import dataclasses
import pathlib
from collections.abc import Callable, Iterator

from tools.affected import starlark

ReadFile = Callable[[str], bytes | None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Use:
    """One tag of a module extension: `pip.parse(hub_name = "pip", requirements_lock = "//:lock.txt")`."""

    extension: str
    words: dict[str, str]


def path_of(label: str, package: str = "") -> str | None:
    """Return the path of a label of this repository, None for anything else."""
    text = label.removeprefix("@@").removeprefix("@")
    if text.startswith("//"):
        folder, colon, name = text[2:].partition(":")
        return str(pathlib.PurePosixPath(folder, name)) if colon else None
    if text.startswith(":") and text == label:
        return str(pathlib.PurePosixPath(package, text[1:]))
    return None


def _calls(text: bytes) -> Iterator[ast.Call]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def uses(text: bytes) -> list[Use]:
    """Return every tag with its plain string attributes."""
    return [
        Use(
            extension=call.func.value.id,
            words={
                word.arg: word.value.value
                for word in call.keywords
                if word.arg and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
            },
        )
        for call in _calls(text)
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
    ]


def folders(text: bytes) -> set[str]:
    """Return the folders of the workspace that modules or repositories are taken from as they are (`path = "..."`)."""
    words = [word for call in _calls(text) for word in call.keywords if word.arg == "path"]
    given = {word.value.value for word in words if isinstance(word.value, ast.Constant)}
    return {path.removeprefix("./") for path in given if isinstance(path, str) and path.strip("./")}


def used_repositories(text: bytes, extension: str) -> list[str]:
    """Return the repositories that `use_repo` brings in from an extension."""
    return [
        argument.value
        for call in _calls(text)
        if isinstance(call.func, ast.Name) and call.func.id == "use_repo" and call.args
        if isinstance(call.args[0], ast.Name) and call.args[0].id == extension
        for argument in call.args[1:]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def read_by(read: ReadFile, start: str = "MODULE.bazel") -> set[str]:
    """Return every path that MODULE.bazel names, and that the Starlark it loads names in turn."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        file = waiting.pop()
        package = str(pathlib.PurePosixPath(file).parent).removeprefix(".")
        named = {path_of(name, package) for name in starlark.names(read(file) or b"")}
        fresh = {path for path in named if path} - found
        found |= fresh
        waiting += [path for path in fresh if path.endswith((".bzl", ".MODULE.bazel"))]
    return found

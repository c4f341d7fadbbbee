"""What MODULE.bazel says of files: which repositories are made from which, and by what code."""

import ast
import dataclasses
import pathlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from tools.affected import module_values, starlark
from tools.affected.module_values import Unreadable

ReadFile = Callable[[str], bytes | None]

_USE = "use_repo"
_VERSIONED = frozenset({"bazel_dep", "single_version_override"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Use:
    """One tag of a module extension: `pip.parse(hub_name = "pip", requirements_lock = "//:lock.txt")`."""

    extension: str
    words: Mapping[str, object]

    def name(self, attribute: str, default: str = "") -> str:
        """Return an attribute that is a string."""
        value = self.words.get(attribute)
        return value if isinstance(value, str) else default


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
    """Return every tag, also those that a comprehension makes, with its attributes."""
    parts = ((call.function.rpartition("."), call.words) for call in module_values.calls(text))
    return [Use(extension=extension, words=words) for (extension, dot, _), words in parts if dot]


def is_unclear(text: bytes) -> bool:
    """Tell whether an attribute that may name locks has a value that is not read here."""
    return any(
        isinstance(value, Unreadable)
        for call in module_values.calls(text)
        for attribute, value in call.words.items()
        if "lock" in attribute or attribute.startswith("requirements")
    )


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


def says_the_same(before: bytes, after: bytes, *, but_for_versions: bool = False) -> bool:
    """Tell whether two files say the same, whatever the order of keywords and of repositories that are brought in.

    With `but_for_versions` the versions that modules are asked for may differ.
    """
    unheeded = _VERSIONED if but_for_versions else frozenset[str]()
    try:
        return _told(before, unheeded) == _told(after, unheeded)
    except (SyntaxError, ValueError):
        return False


def differing(before: bytes, after: bytes) -> list[str]:
    """Name what only one of two files calls, or calls otherwise: `pip.parse`, `use_repo`."""
    try:
        old, new = (_told(text, frozenset()) for text in (before, after))
    except (SyntaxError, ValueError):
        return []
    apart = Counter(old) - Counter(new) + (Counter(new) - Counter(old))
    return list(dict.fromkeys(name for name, _ in apart)) or ["the order of statements"]


def _told(text: bytes, unheeded: frozenset[str]) -> list[tuple[str, str]]:
    """Return the statements, each with what it calls; what brings in repositories last, as it may stand anywhere."""
    calls = [_Ordered(unheeded).visit(one) for one in ast.parse(text).body if not _is_words(one)]
    told = [(_called(one), ast.unparse(one)) for one in calls]
    return [one for one in told if one[0] != _USE] + sorted(one for one in told if one[0] == _USE)


def _is_words(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _called(statement: ast.stmt) -> str:
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    return ast.unparse(value.func) if isinstance(value, ast.Call) else type(statement).__name__.lower()


class _Ordered(ast.NodeTransformer):
    """Brings into order what has none, and leaves out the versions that some calls ask for."""

    def __init__(self, unheeded: frozenset[str]) -> None:
        self.unheeded = unheeded

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Order one call."""
        name = ast.unparse(node.func)
        kept = [word for word in node.keywords if name not in self.unheeded or word.arg != "version"]
        words = sorted(kept, key=lambda word: word.arg or "")
        arguments = [*node.args[:1], *sorted(node.args[1:], key=ast.unparse)] if name == _USE else node.args
        return ast.Call(func=node.func, args=arguments, keywords=words)


def read_by(read: ReadFile, start: str = "MODULE.bazel") -> set[str]:
    """Return every path that MODULE.bazel names, and that the Starlark it loads names in turn."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        file = waiting.pop()
        package = str(pathlib.PurePosixPath(file).parent).removeprefix(".")
        text = read(file) or b""
        said = {word for call in module_values.calls(text) for word in module_values.strings(call.words)}
        named = {path_of(name, package) for name in starlark.names(text) | said}
        fresh = {path for path in named if path} - found
        found |= fresh
        waiting += [path for path in fresh if path.endswith((".bzl", ".MODULE.bazel"))]
    return found

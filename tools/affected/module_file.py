"""MODULE.bazel: its extension tags, the files that it references, and the comparison of two versions."""

import ast
import dataclasses
import pathlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from tools.affected import module_values, starlark
from tools.affected.module_values import Unreadable

ReadFile = Callable[[str], bytes | None]

_USE_REPO = "use_repo"
_VERSIONED = frozenset({"bazel_dep", "single_version_override"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExtensionTag:
    """One tag of a module extension: `pip.parse(hub_name = "pip", requirements_lock = "//:lock.txt")`."""

    extension: str
    attributes: Mapping[str, object]

    def string(self, attribute: str, default: str = "") -> str:
        """Return an attribute, or the default if it is not a string."""
        value = self.attributes.get(attribute)
        return value if isinstance(value, str) else default


def path_of(label: str, package: str = "") -> str | None:
    """Return the path of a label in this repository, or None for any other string."""
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


def extension_tags(text: bytes) -> list[ExtensionTag]:
    """Return every tag with its attributes, including tags in comprehensions."""
    parts = ((call.function.rpartition("."), call.keywords) for call in module_values.calls(text))
    return [ExtensionTag(extension=extension, attributes=values) for (extension, dot, _), values in parts if dot]


def has_unreadable_locks(text: bytes) -> bool:
    """Return whether an attribute that may name lock files has a value that cannot be evaluated."""
    return any(
        isinstance(value, Unreadable)
        for call in module_values.calls(text)
        for attribute, value in call.keywords.items()
        if "lock" in attribute or attribute.startswith("requirements")
    )


def local_paths(text: bytes) -> set[str]:
    """Return the folders of the workspace that are used as modules or repositories (`path = "..."`)."""
    keywords = [keyword for call in _calls(text) for keyword in call.keywords if keyword.arg == "path"]
    paths = {keyword.value.value for keyword in keywords if isinstance(keyword.value, ast.Constant)}
    return {path.removeprefix("./") for path in paths if isinstance(path, str) and path.strip("./")}


def used_repositories(text: bytes, extension: str) -> list[str]:
    """Return the repositories that `use_repo` imports from an extension."""
    return [
        argument.value
        for call in _calls(text)
        if isinstance(call.func, ast.Name) and call.func.id == _USE_REPO and call.args
        if isinstance(call.args[0], ast.Name) and call.args[0].id == extension
        for argument in call.args[1:]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def is_equivalent(before: bytes, after: bytes, *, ignore_versions: bool = False) -> bool:
    """Return whether two versions of the file are equal but for the order of keywords and of imported repositories.

    With `ignore_versions` the requested versions of modules may differ too.
    """
    unversioned = _VERSIONED if ignore_versions else frozenset[str]()
    try:
        return _statements(before, unversioned) == _statements(after, unversioned)
    except (SyntaxError, ValueError):
        return False


def changed_calls(before: bytes, after: bytes) -> list[str]:
    """Return the names of functions whose calls differ: `pip.parse`, `use_repo`."""
    try:
        old, new = (_statements(text, frozenset()) for text in (before, after))
    except (SyntaxError, ValueError):
        return []
    changed = Counter(old) - Counter(new) + (Counter(new) - Counter(old))
    return list(dict.fromkeys(name for name, _ in changed)) or ["the order of statements"]


def _statements(text: bytes, unversioned: frozenset[str]) -> list[tuple[str, str]]:
    """Return the statements with the functions they call; `use_repo` last and sorted, as its position has no effect."""
    ordered = [_Normaliser(unversioned).visit(one) for one in ast.parse(text).body if not _is_docstring(one)]
    found = [(_called(one), ast.unparse(one)) for one in ordered]
    return [one for one in found if one[0] != _USE_REPO] + sorted(one for one in found if one[0] == _USE_REPO)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _called(statement: ast.stmt) -> str:
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    return ast.unparse(value.func) if isinstance(value, ast.Call) else type(statement).__name__.lower()


class _Normaliser(ast.NodeTransformer):
    """Sorts arguments whose order has no effect, and drops the versions in calls of some functions."""

    def __init__(self, unversioned: frozenset[str]) -> None:
        self.unversioned = unversioned

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Return a normalised call."""
        name = ast.unparse(node.func)
        kept = [keyword for keyword in node.keywords if name not in self.unversioned or keyword.arg != "version"]
        keywords = sorted(kept, key=lambda keyword: keyword.arg or "")
        arguments = [*node.args[:1], *sorted(node.args[1:], key=ast.unparse)] if name == _USE_REPO else node.args
        return ast.Call(func=node.func, args=arguments, keywords=keywords)


def referenced_files(read: ReadFile, start: str = "MODULE.bazel") -> set[str]:
    """Return every path that MODULE.bazel references, or a Starlark file that it loads, directly or indirectly."""
    found: set[str] = set()
    queue = [start]
    while queue:
        file = queue.pop()
        package = str(pathlib.PurePosixPath(file).parent).removeprefix(".")
        text = read(file) or b""
        computed = {value for call in module_values.calls(text) for value in module_values.strings(call.keywords)}
        paths = {path_of(value, package) for value in starlark.string_literals(text) | computed}
        new = {path for path in paths if path} - found
        found |= new
        queue += [path for path in new if path.endswith((".bzl", ".MODULE.bazel"))]
    return found

"""The rules: dependencies point from services to libs to third party, and to nothing else.

A service that calls another imports its generated client, `services.<name>.client`, and a service that consumes events
of another imports the models of these, `services.<name>.events`; nothing else of it.

The program reads the import statements of the given files, including those inside functions, and prints a remedy for
each one that breaks a rule.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LAYERS = ("services", "libs", "tools", "tests", "deploy")
FRAMEWORKS = ("alembic", "fastapi", "sqlalchemy", "starlette", "uvicorn")
"""Packages whose private names services and libraries do not import."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One import that breaks a rule."""

    file: str
    line: int
    imported: str
    advice: str

    def __str__(self) -> str:
        """The place, as an editor finds it, and what to do."""
        return f"{self.file}:{self.line}: imports {self.imported}. {self.advice}"


def violations(file: str, source: str) -> Iterator[Violation]:
    """Return the imports of a file, given by its path from the root, that break a rule."""
    for line, imported in imports(file, source):
        advice = advice_on(file, imported) or advice_on_framework(file, imported)
        if advice:
            yield Violation(file, line, imported, advice)


def imports(file: str, source: str) -> Iterator[tuple[int, str]]:
    """Every module that the file imports, by its name from the root, with its line."""
    package = Path(file).parent.parts
    for node in ast.walk(ast.parse(source, file)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, node.module)) if node.module else ".".join(above)
            # `from services import x` names a module only together with x.
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def advice_on(file: str, imported: str) -> str | None:
    """Return the remedy for an import, or None if the import is permitted."""
    layer, *mine = Path(file).parts
    target, *theirs = imported.split(".")
    if target not in LAYERS or layer not in LAYERS:
        return None
    if target == "services" and layer == "services":
        return _advice_on_service(mine, theirs)
    if target == "services":
        return (
            f"{layer}/ never imports a service: start it as a program (its binary as `data`), or move what is "
            "needed here to libs/."
        )
    if target in {layer, "libs"}:
        return None
    return f"{target}/ is used only by load() and `bazel run`: move what is needed here to libs/."


def _advice_on_service(mine: Sequence[str], theirs: Sequence[str]) -> str | None:
    """Return what to do instead of importing one service, or a module of the own one, in another."""
    if mine[1:] == ["events.py"]:
        return "Services that consume events depend only on events.py: define in it what it needs."
    # The generated client and the models of events are the contract of a service, and import nothing else of it.
    if mine[:1] == theirs[:1] or theirs[1:2] in (["client"], ["events"]):
        return None
    return (
        "Services do not import each other, so that each can be built and deployed on its own: call the other's "
        f"API by its client (//services/{theirs[0] if theirs else 'NAME'}:client), or move what both need to libs/."
    )


def advice_on_framework(file: str, imported: str) -> str | None:
    """Return what to do instead of importing a private name of a framework, or None for other imports."""
    package, *names = imported.split(".")
    if package in FRAMEWORKS and file.startswith(("services/", "libs/")) and any(map(_is_private, names)):
        return f"Names of {package} with a leading underscore change without notice: use its documented interface."
    return None


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def main(files: Sequence[str]) -> int:
    """Say every violation of the files; 1 when there are any."""
    found = [violation for file in files for violation in violations(file, Path(file).read_text(encoding="utf-8"))]
    sys.stderr.writelines(f"{violation}\n" for violation in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

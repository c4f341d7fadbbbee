"""The resolved modules of a workspace, as `bazel mod graph` prints them."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

from tools.affected.bazel import QUIET, Bazel

_GRAPH = ("mod", "graph", *QUIET, "--output=json", "--include_builtin")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResolvedModules:
    """The modules of a workspace: their versions by name, and the module graph as JSON."""

    versions: Mapping[str, str]
    graph: str

    @classmethod
    def read(cls, bazel: Bazel) -> Self:
        """Resolve the modules of a workspace; Bazel fetches only their MODULE.bazel files.

        Raises:
            BazelFailedError: They cannot be resolved.
        """
        root = json.loads(bazel.run(*_GRAPH))
        versions: dict[str, set[str]] = {}
        for module in _dependencies(root):
            versions.setdefault(module["name"], set()).add(module["version"])
        joined = {name: ", ".join(sorted(found)) for name, found in versions.items()}
        return cls(versions=joined, graph=json.dumps(root))

    def changes_since(self, before: Self) -> dict[str, str]:
        """Return the modules whose resolved version changed, each with a phrase such as `platforms 1.0.0 -> 1.0.1`."""
        old, new = before.versions, self.versions
        names = sorted({*old, *new})
        return {
            name: _description(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
        }


def _dependencies(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every direct and indirect dependency of a module."""
    for one in [*module.get("dependencies", ()), *module.get("indirectDependencies", ())]:
        yield one
        yield from _dependencies(one)


def _description(name: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"{name} {after} added"
    if after is None:
        return f"{name} {before} removed"
    return f"{name} {before} -> {after}"


def dump(modules: ResolvedModules) -> str:
    """Serialise resolved modules."""
    return json.dumps(dataclasses.asdict(modules))


def load(text: str) -> ResolvedModules:
    """Read what `dump` wrote."""
    return ResolvedModules(**json.loads(text))

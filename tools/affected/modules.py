"""What the modules of a workspace resolve to."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

from tools.affected.bazel import QUIET, Bazel

_GRAPH = ("mod", "graph", *QUIET, "--output=json", "--include_builtin")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Modules:
    """The modules that a workspace uses: each version by name, and all that Bazel says of how they hang together."""

    versions: Mapping[str, str]
    graph: str

    @classmethod
    def of(cls, bazel: Bazel) -> Self:
        """Resolve the modules of a workspace; nothing is fetched but what they say of themselves.

        Raises:
            BazelFailedError: they do not resolve.
        """
        root = json.loads(bazel.run(*_GRAPH))
        versions: dict[str, set[str]] = {}
        for module in _below(root):
            versions.setdefault(module["name"], set()).add(module["version"])
        joined = {name: ", ".join(sorted(found)) for name, found in versions.items()}
        return cls(versions=joined, graph=json.dumps(root))

    def differing(self, before: Self) -> dict[str, str]:
        """Return the modules that resolve otherwise than before, each with one phrase that says how."""
        old, new = before.versions, self.versions
        names = sorted({*old, *new})
        return {name: _said(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _below(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every module below one."""
    for one in [*module.get("dependencies", ()), *module.get("indirectDependencies", ())]:
        yield one
        yield from _below(one)


def _said(name: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"{name} {after} is new"
    if after is None:
        return f"{name} {before} is gone"
    return f"{name} {before} -> {after}"


def dump(modules: Modules) -> str:
    """Write what `load` reads."""
    return json.dumps(dataclasses.asdict(modules))


def load(text: str) -> Modules:
    """Read what `dump` wrote."""
    return Modules(**json.loads(text))

"""What seed rules can ask about a range: both states of the tree, and the graphs of both."""

import dataclasses
import functools
import pathlib

from tools.affected import configured, graph, starlark
from tools.affected.bazel import Bazel
from tools.affected.changes import Change, Kind, Range
from tools.affected.edges import Attributes
from tools.affected.snapshots import Snapshots

BUILD_NAMES = ("BUILD.bazel", "BUILD")
_MAX_ALIASES = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class AnalysisContext:
    """A range, its changes, and Bazel on the head; results of Bazel commands are computed on first use."""

    range: Range
    changes: tuple[Change, ...]
    bazel: Bazel
    snapshots: Snapshots

    @functools.cached_property
    def ignored_folders(self) -> tuple[pathlib.PurePosixPath, ...]:
        """Return the folders that `.bazelignore` excludes."""
        text = (self.range.after(".bazelignore") or b"").decode()
        lines = (line.strip() for line in text.splitlines())
        return tuple(pathlib.PurePosixPath(line) for line in lines if line and not line.startswith("#"))

    def package_of(self, path: str) -> str | None:
        """Return the package that contains a path at the head, or None."""
        parents = pathlib.PurePosixPath(path).parents
        if any(folder in self.ignored_folders for folder in parents):
            return None
        for folder in parents:
            if any((self.bazel.workspace / folder / name).is_file() for name in BUILD_NAMES):
                return "" if str(folder) == "." else str(folder)
        return None

    def is_reformatted(self, change: Change) -> bool:
        """Return whether only comments, docstrings or the format of a Starlark file changed."""
        before, after = self.range.before(change.path), self.range.after(change.path)
        return change.kind is Kind.MODIFIED and starlark.is_equivalent(before or b"", after or b"")

    def file_labels(self, path: str) -> tuple[str, ...]:
        """Return the labels by which a target can reference a path or a folder above it, also through symlinks."""
        return tuple(label for name in (path, *self.aliases(path)) for label in self._labels(name))

    @functools.cached_property
    def symlinks(self) -> dict[str, pathlib.PurePosixPath]:
        """Return the symbolic links in packages that point into the workspace, with the paths they point to."""
        root = self.bazel.workspace.resolve()
        ends = {link: (root / link).resolve() for link in self.range.links() if self.package_of(link) is not None}
        return {
            link: pathlib.PurePosixPath(end.relative_to(root)) for link, end in ends.items() if end.is_relative_to(root)
        }

    def aliases(self, path: str) -> tuple[str, ...]:
        """Return the other paths of a file, by symbolic links to it or to a folder above it.

        Raises:
            RecursionError: A link points to a folder that contains it.
        """
        found = {path: None}
        queue = [pathlib.PurePosixPath(path)]
        while queue:
            current = queue.pop()
            links = {link: end for link, end in self.symlinks.items() if current.is_relative_to(end)}
            names = {pathlib.PurePosixPath(link, current.relative_to(end)) for link, end in links.items()}
            queue += (name for name in sorted(names) if str(name) not in found)
            found |= dict.fromkeys(map(str, sorted(names)))
            if len(found) > _MAX_ALIASES:
                raise RecursionError(path)
        return tuple(found)[1:]

    def _labels(self, path: str) -> tuple[str, ...]:
        package = self.package_of(path)
        if package is None:
            return ()
        relative = pathlib.PurePosixPath(path).relative_to(package)
        return tuple(f"//{package}:{part}" for part in [relative, *relative.parents[:-1]])

    @functools.cached_property
    def changed_targets(self) -> dict[str, Attributes]:
        """Return the targets whose definition changed, with the changed attributes if all are lists of files."""
        return graph.changed_targets(self.snapshots.base_graph, self.snapshots.head_graph)

    @functools.cached_property
    def configured_edges(self) -> dict[str, tuple[str, ...]]:
        """Return the dependencies of each configured target at the head.

        Raises:
            BazelFailedError: The head cannot be analysed.
        """
        return configured.edges(self.bazel)

    @functools.cached_property
    def rule_dependencies(self) -> dict[str, tuple[str, ...]]:
        """Return the dependencies of each rule of this repository, in every configuration.

        Raises:
            BazelFailedError: A package cannot be loaded.
        """
        rules = graph.rules(self.bazel.query("//...", "--proto:output_rule_attrs=tags", "--consistent_labels"))
        return {label: rule.dependencies for label, rule in rules.items()}

"""What the seeds may ask: both states of the tree, and both graphs where a definition changed."""

import dataclasses
import functools
import pathlib

from tools.affected import configured, graph, starlark
from tools.affected.bazel import Bazel
from tools.affected.changes import Change, Kind, Range
from tools.affected.snapshots import Snapshots
from tools.affected.ways import View

BUILD_NAMES = ("BUILD.bazel", "BUILD")
_MOST_NAMES = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """One question: a range, its changes, and the Bazel that answers for the head."""

    range: Range
    changes: tuple[Change, ...]
    bazel: Bazel
    snapshots: Snapshots

    @functools.cached_property
    def ignored(self) -> tuple[pathlib.PurePosixPath, ...]:
        """Return the folders in which Bazel sees no packages."""
        text = (self.range.after(".bazelignore") or b"").decode()
        lines = (line.strip() for line in text.splitlines())
        return tuple(pathlib.PurePosixPath(line) for line in lines if line and not line.startswith("#"))

    def package_of(self, path: str) -> str | None:
        """Return the package that a path lies in at the head, None where it lies in none."""
        parents = pathlib.PurePosixPath(path).parents
        if any(folder in self.ignored for folder in parents):
            return None
        for folder in parents:
            if any((self.bazel.workspace / folder / name).is_file() for name in BUILD_NAMES):
                return "" if str(folder) == "." else str(folder)
        return None

    def is_rewording(self, change: Change) -> bool:
        """Tell whether a Starlark file says what it said, in other words, comments or format."""
        before, after = self.range.before(change.path), self.range.after(change.path)
        return change.kind is Kind.MODIFIED and starlark.says_the_same(before or b"", after or b"")

    def files(self, path: str) -> tuple[str, ...]:
        """Return the labels that a path may have: its own, and those of the folders it is in, also through links."""
        return tuple(label for name in (path, *self.aliases(path)) for label in self._labels(name))

    @functools.cached_property
    def links(self) -> dict[str, pathlib.PurePosixPath]:
        """Return where symbolic links in packages lead, as far as that is in the tree."""
        root = self.bazel.workspace.resolve()
        ends = {link: (root / link).resolve() for link in self.range.links() if self.package_of(link) is not None}
        return {
            link: pathlib.PurePosixPath(end.relative_to(root)) for link, end in ends.items() if end.is_relative_to(root)
        }

    def aliases(self, path: str) -> tuple[str, ...]:
        """Return what else a path is called because symbolic links lead to it or to a folder it is in.

        Raises:
            RecursionError: a link leads to itself.
        """
        found = {path: None}
        waiting = [pathlib.PurePosixPath(path)]
        while waiting:
            inside = waiting.pop()
            ways = {link: end for link, end in self.links.items() if inside.is_relative_to(end)}
            names = {pathlib.PurePosixPath(link, inside.relative_to(end)) for link, end in ways.items()}
            waiting += (name for name in sorted(names) if str(name) not in found)
            found |= dict.fromkeys(map(str, sorted(names)))
            if len(found) > _MOST_NAMES:
                raise RecursionError(path)
        return tuple(found)[1:]

    def _labels(self, path: str) -> tuple[str, ...]:
        package = self.package_of(path)
        if package is None:
            return ()
        inside = pathlib.PurePosixPath(path).relative_to(package)
        return tuple(f"//{package}:{part}" for part in [inside, *inside.parents[:-1]])

    @functools.cached_property
    def differing(self) -> dict[str, View]:
        """Return the targets whose definition differs between base and head, with the attributes if they are few."""
        return graph.differing(self.snapshots.of_base, self.snapshots.of_head)

    @functools.cached_property
    def configured_edges(self) -> dict[str, tuple[str, ...]]:
        """Return what each target takes in each of its configurations, at the head.

        Raises:
            BazelFailedError: the head cannot be analysed.
        """
        return configured.edges(self.bazel)

    @functools.cached_property
    def takes(self) -> dict[str, tuple[str, ...]]:
        """Return what each rule of this repository takes, whatever its configuration.

        Raises:
            BazelFailedError: a package cannot be loaded.
        """
        rules = graph.rules(self.bazel.query("//...", "--proto:output_rule_attrs=tags", "--consistent_labels"))
        return {label: rule.inputs for label, rule in rules.items()}

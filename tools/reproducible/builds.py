"""Builds images from git's objects alone and reads their digests."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.reproducible.conditions import Conditions
from tools.reproducible.surroundings import Surroundings

IMAGES = 'filter("image(_[a-z0-9]+)?[.]digest$", //services/...)'
"""A query for the digests of every image that is shipped, per architecture and as an index."""


class BuildFailedError(Exception):
    """Bazel did not build the images; it has said why on stderr."""

    def __init__(self, command: Sequence[str], folder: Path, exit_code: int) -> None:
        super().__init__(f"{' '.join(command[:3])} ... in {folder} ended with {exit_code}")
        self.exit_code = exit_code


@dataclass(frozen=True)
class Bazel:
    """Bazel as it is called in one folder under certain conditions."""

    folder: Path
    conditions: Conditions
    output_base: Path | None = None
    command: tuple[str, ...] = ()

    def within(self, surroundings: Surroundings) -> "Bazel":
        """Return the same, started in surroundings of its own."""
        conditions = replace(self.conditions, flags=(*self.conditions.flags, *surroundings.flags))
        return replace(self, conditions=conditions, command=surroundings.command)

    def digests(self, query: str = IMAGES) -> dict[str, str]:
        """Build what `query` selects and return `sha256:...` by label.

        Raises:
            BuildFailedError: Bazel ended with another exit code than 0.
        """
        labels = self._call("query", "--output=label", query).split()
        self._call("build", *self.conditions.flags, *labels)
        root = Path(self._call("info", *self.conditions.flags, "execution_root").strip())
        return {label: self._digest(label, root) for label in labels}

    def stop(self) -> None:
        """End the server and delete what it built, so that neither is in the next one's way."""
        self._call("clean", "--expunge")

    def _digest(self, label: str, root: Path) -> str:
        flags = self.conditions.flags
        (file,) = self._call("cquery", *flags, "--output=files", label).split("\n", 1)[:1]
        return (root / file).read_text(encoding="ascii").strip()

    def _call(self, *arguments: str) -> str:
        startup = [f"--output_base={self.output_base}"] if self.output_base else []
        command = [*self.command, str(self.folder / "bazelw"), *startup, *arguments]
        done = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=os.environ | self.conditions.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            umask=self.conditions.umask,
        )
        if done.returncode != 0:
            raise BuildFailedError(command[len(self.command) :], self.folder, done.returncode)
        return done.stdout


def cloned(workspace: Path, scratch: Path, conditions: Conditions) -> Bazel:
    """Clone the committed state of `workspace` and return Bazel with an output base of its own."""
    folder = scratch / conditions.folder
    home = scratch / f"home of {conditions.name}"
    home.mkdir(parents=True)
    subprocess.run(
        # No hard links: the two folders may be on different mounts.
        ["git", "clone", "--quiet", "--no-hardlinks", workspace, folder],
        check=True,
        umask=conditions.umask,
    )
    environment = {"HOME": str(home), **conditions.environment}
    return Bazel(
        folder=folder,
        conditions=replace(conditions, environment=environment),
        output_base=scratch / f"base-of-{conditions.name}",
    )

"""Builds of images from a clone, and their digests."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.reproducible.build_environment import BuildEnvironment
from tools.reproducible.conditions import Conditions

IMAGES = 'filter("image(_[a-z0-9]+)?[.]digest$", //services/...)'
"""A query for the digests of all images of services, per architecture and as an index."""


class BuildFailedError(Exception):
    """Bazel failed to build the images; the reason is on its stderr."""

    def __init__(self, command: Sequence[str], folder: Path, exit_code: int) -> None:
        super().__init__(f"{' '.join(command[:3])} ... in {folder} failed with exit code {exit_code}")
        self.exit_code = exit_code


@dataclass(frozen=True)
class Bazel:
    """Runs Bazel in one folder under given conditions."""

    folder: Path
    conditions: Conditions
    output_base: Path | None = None
    command: tuple[str, ...] = ()

    def in_environment(self, environment: BuildEnvironment) -> "Bazel":
        """Return the same with another build environment."""
        conditions = replace(self.conditions, flags=(*self.conditions.flags, *environment.flags))
        return replace(self, conditions=conditions, command=environment.command)

    def digests(self, query: str = IMAGES) -> dict[str, str]:
        """Build the targets of a query and return `sha256:...` by label.

        Raises:
            BuildFailedError: A command of Bazel failed.
        """
        labels = self._run("query", "--output=label", query).split()
        self._run("build", *self.conditions.flags, *labels)
        root = Path(self._run("info", *self.conditions.flags, "execution_root").strip())
        return {label: self._digest(label, root) for label in labels}

    def stop(self) -> None:
        """Stop the server and delete its output base, to free memory and disk space."""
        self._run("clean", "--expunge")

    def _digest(self, label: str, root: Path) -> str:
        flags = self.conditions.flags
        (file,) = self._run("cquery", *flags, "--output=files", label).split("\n", 1)[:1]
        return (root / file).read_text(encoding="ascii").strip()

    def _run(self, *arguments: str) -> str:
        startup = [f"--output_base={self.output_base}"] if self.output_base else []
        command = [*self.command, str(self.folder / "bazelw"), *startup, *arguments]
        process = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=os.environ | self.conditions.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            umask=self.conditions.umask,
        )
        if process.returncode != 0:
            raise BuildFailedError(command[len(self.command) :], self.folder, process.returncode)
        return process.stdout


def clone(workspace: Path, parent: Path, conditions: Conditions) -> Bazel:
    """Clone the committed state of `workspace` into a folder in `parent`; Bazel there has its own output base."""
    folder = parent / conditions.folder
    home = parent / f"home of {conditions.name}"
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
        output_base=parent / f"base-of-{conditions.name}",
    )

"""Commands of Bazel."""

import dataclasses
import functools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Self

from tools.affected.errors import AffectedError, BazelFailedError

QUIET = ("--color=no", "--curses=no", "--noshow_progress", "--ui_event_filters=-info,-debug,-warning")
"""Options with which a command prints only its result and errors."""

# A server that runs two commands and ends would spend half of its time in the optimising JIT compiler.
_SHORT_LIVED = ("--max_idle_secs=60", "--host_jvm_args=-XX:TieredStopAtLevel=1")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bazel:
    """The Bazel program, and the workspace in which it runs."""

    program: str
    workspace: pathlib.Path
    startup_options: tuple[str, ...] = ()

    @classmethod
    def find(cls, workspace: pathlib.Path, program: str = "") -> Self:
        """Return `program`, or else the workspace's `bazelw`, or else bazelisk or bazel on PATH.

        Raises:
            AffectedError: There is no such program.
        """
        candidates = (workspace / program, program) if program else (workspace / "bazelw", "bazelisk", "bazel")
        found = next((path for each in candidates if (path := shutil.which(each))), None)
        if found is None:
            none = "the workspace has no bazelw, and neither bazelisk nor bazel is on PATH"
            raise AffectedError(f"Bazel not found: {f'{program} is no program' if program else none}")
        return cls(program=found, workspace=workspace)

    def in_copy(self, workspace: pathlib.Path) -> Self:
        """Return the same program for a copy of the workspace, with a server that ends after a minute."""
        return dataclasses.replace(self, workspace=workspace, startup_options=(*self.startup_options, *_SHORT_LIVED))

    def query(self, expression: str, *options: str) -> list[dict[str, Any]]:
        """Evaluate a query; return the targets as `query --output=streamed_jsonproto` prints them.

        Labels of this repository begin with `//`, even if an option requests canonical labels.

        Raises:
            BazelFailedError: A package cannot be loaded, or the expression is invalid.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".query") as file:
            file.write(expression)
            file.flush()
            output_options = ("--output=streamed_jsonproto", "--order_output=no")
            output = self.run("query", *QUIET, *output_options, *options, f"--query_file={file.name}")
        return list(_targets(output.replace(b'"@@//', b'"//')))

    def run(self, *arguments: str) -> bytes:
        """Run a command and return its output.

        Raises:
            BazelFailedError: The command failed.
        """
        process = subprocess.run(
            [self.program, *self.startup_options, *arguments],
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if process.returncode:
            raise BazelFailedError(os.fsdecode(process.stderr))
        return process.stdout

    def call(self, command: str, arguments: Sequence[str]) -> int:
        """Run a command that writes to the terminal and return its exit status."""
        return subprocess.call([self.program, *self.startup_options, command, *arguments], cwd=self.workspace)

    def cache_folder(self) -> pathlib.Path:
        """Return the cache of `affected`, a folder beside Bazel's output base that may be deleted."""
        base = self.output_base
        return base.with_name(base.name + ".affected")

    @functools.cached_property
    def output_base(self) -> pathlib.Path:
        """Return the output base of this workspace."""
        return pathlib.Path(os.fsdecode(self.run("info", *QUIET, "output_base")).strip())


def _targets(output: bytes) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        if line.strip():
            yield json.loads(line)

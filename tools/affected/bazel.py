"""Questions to Bazel."""

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
"""Options with which a command prints its answer and errors alone."""

# A server that is asked twice and ends spends half of its time on compiling itself for a long life.
_SHORT_LIVED = ("--max_idle_secs=60", "--host_jvm_args=-XX:TieredStopAtLevel=1")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bazel:
    """One workspace and the program that answers for it."""

    program: str
    workspace: pathlib.Path
    startup: tuple[str, ...] = ()

    @classmethod
    def of(cls, workspace: pathlib.Path, program: str = "") -> Self:
        """Choose the program: the one named, else the workspace's own `bazelw`, else what is on PATH.

        Raises:
            AffectedError: there is none.
        """
        candidates = (workspace / program, program) if program else (workspace / "bazelw", "bazelisk", "bazel")
        found = next((path for each in candidates if (path := shutil.which(each))), None)
        if found is None:
            none = "the workspace has no bazelw, and neither bazelisk nor bazel is on PATH"
            raise AffectedError(f"no Bazel to ask: {f'{program} is no program' if program else none}")
        return cls(program=found, workspace=workspace)

    def elsewhere(self, workspace: pathlib.Path) -> Self:
        """Return the same program for a copy of the workspace; its server soon ends by itself."""
        return dataclasses.replace(self, workspace=workspace, startup=(*self.startup, *_SHORT_LIVED))

    def query(self, expression: str, *options: str) -> list[dict[str, Any]]:
        """Evaluate a query; return the targets as `query --output=streamed_jsonproto` prints them.

        Labels of this repository begin with `//`, also where all others are asked for by their canonical names.

        Raises:
            BazelFailedError: some package cannot be loaded, or the expression is wrong.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".query") as file:
            file.write(expression)
            file.flush()
            form = ("--output=streamed_jsonproto", "--order_output=no")
            output = self.run("query", *QUIET, *form, *options, f"--query_file={file.name}")
        return list(_targets(output.replace(b'"@@//', b'"//')))

    def run(self, *arguments: str) -> bytes:
        """Run a command and return what it prints.

        Raises:
            BazelFailedError: it did not succeed.
        """
        process = subprocess.run(
            [self.program, *self.startup, *arguments],
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if process.returncode:
            raise BazelFailedError(os.fsdecode(process.stderr))
        return process.stdout

    def call(self, command: str, arguments: Sequence[str]) -> int:
        """Run a command that talks to the person at the terminal and return its exit status."""
        return subprocess.call([self.program, *self.startup, command, *arguments], cwd=self.workspace)

    def scratch(self) -> pathlib.Path:
        """Return a folder of our own beside Bazel's output base; deleting it loses nothing but time."""
        base = self.output_base
        return base.with_name(base.name + ".affected")

    @functools.cached_property
    def output_base(self) -> pathlib.Path:
        """Return where Bazel keeps what it fetches for this workspace."""
        return pathlib.Path(os.fsdecode(self.run("info", *QUIET, "output_base")).strip())


def _targets(output: bytes) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        if line.strip():
            yield json.loads(line)

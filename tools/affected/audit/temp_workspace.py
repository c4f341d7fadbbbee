"""A temporary workspace with its own Bazel server."""

import dataclasses
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tools.affected.audit import fixture
from tools.affected.bazel import Bazel


@contextmanager
def create(size: fixture.Size = fixture.SMALL, files: Iterable[tuple[str, str]] = ()) -> Iterator[Bazel]:
    """Create a fixture, or a workspace of other `files`, and remove it and its output root afterwards.

    Yields:
        The Bazel of the workspace that this program was started from, in the new workspace.
    """
    source = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", pathlib.Path.cwd()))
    with tempfile.TemporaryDirectory(prefix="audit-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        fixture.commit(folder / "fixture", list(files) or fixture.files(size))
        startup = (f"--output_user_root={folder / 'bazel'}",)
        bazel = dataclasses.replace(Bazel.find(source), workspace=folder / "fixture", startup_options=startup)
        try:
            yield bazel
        finally:
            bazel.run("shutdown")
            subprocess.run(["chmod", "-R", "u+w", str(folder)], check=False)

"""Run the conformance workspace on the rule sets of the current mode, upstream or stand-ins.

In the sealed mode the tests of the stand-ins run too. The last lines are fingerprints: if they are equal in both
modes, the rules of this repository find the same files at the same paths.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.bazel_run.environment import path_from_bazel

FOLDER = "tools/airgap/conformance"
INVENTORIES = ("inventory_aarch64", "inventory_x86_64")


class Workspace:
    """A folder that Bazel takes for a workspace."""

    def __init__(self, folder: Path, launcher: Path) -> None:
        self._folder = folder
        self._launcher = launcher

    def bazel(self, *arguments: str) -> bool:
        """Run a Bazel command and return whether it succeeded."""
        return subprocess.run([str(self._launcher), *arguments], cwd=self._folder, check=False).returncode == 0

    def output_of(self, target: str) -> Path:
        """Return where the only file of a built target is."""
        return Path(self._said("info", "execution_root"), self._said("cquery", "--output=files", target))

    def _said(self, *arguments: str) -> str:
        command = [str(self._launcher), *arguments]
        return subprocess.run(command, cwd=self._folder, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def conforms(root: Path, environment: Mapping[str, str]) -> bool:
    """Run every check and print the fingerprints; `root` is the main repository's folder."""
    workspace = Workspace(root / FOLDER, root / "bazelw")
    try:
        if not workspace.bazel("test", "//..."):
            return False
        for name in INVENTORIES:
            text = workspace.output_of(f"//python:{name}").read_bytes()
            print(f"{name} {hashlib.sha256(text).hexdigest()}")
    finally:
        workspace.bazel("shutdown")
    sealed = "BAZELW_INSIDE" in environment
    return not sealed or Workspace(root, root / "bazelw").bazel("test", "@rules_python//python/tests/...")


def main() -> int:
    """Return 0 if every check passed."""
    command = "bazel run //tools/airgap:conformance"
    argparse.ArgumentParser(prog=command, description=__doc__).parse_args()
    return 0 if conforms(path_from_bazel("BUILD_WORKSPACE_DIRECTORY", command), os.environ) else 1


if __name__ == "__main__":
    sys.exit(main())

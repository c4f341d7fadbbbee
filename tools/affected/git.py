"""Commands of git. Nothing here writes to the user's checkout, its index or its refs."""

import dataclasses
import os
import pathlib
import subprocess
from collections.abc import Mapping

from tools.affected.errors import AffectedError, BadRevisionError


@dataclasses.dataclass(frozen=True)
class Repository:
    """The git repository that contains a Bazel workspace, at its root or in a folder.

    All paths, given and returned, are relative to the workspace.
    """

    workspace: pathlib.Path

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> bytes:
        """Run git in the workspace and return its output.

        Raises:
            AffectedError: git is not installed, or it failed.
        """
        try:
            process = subprocess.run(
                ["git", *arguments],
                cwd=self.workspace,
                env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"} | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            message = "git is not installed; it is required to list the changed files"
            raise AffectedError(message) from None
        if process.returncode:
            stderr = os.fsdecode(process.stderr).strip()
            message = f"git {arguments[0]} failed: {stderr}"
            raise AffectedError(message)
        return process.stdout

    def require(self) -> None:
        """Check that the workspace is in a git repository.

        Raises:
            AffectedError: It is not, or the repository has no commit.
        """
        try:
            self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        except AffectedError as error:
            message = f"{self.workspace} is not a git repository with a commit, so there is nothing to compare"
            raise AffectedError(message) from error

    def commit(self, revision: str) -> str:
        """Return the id of the commit that a revision names.

        Raises:
            BadRevisionError: There is none, or this shallow clone does not contain it.
        """
        try:
            return (
                self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
                .decode()
                .strip()
            )
        except AffectedError:
            raise BadRevisionError(self._missing(revision)) from None

    def merge_base(self, one: str, other: str) -> str:
        """Return the merge base of two commits.

        Raises:
            BadRevisionError: They have none in this clone.
        """
        try:
            return self.run("merge-base", one, other).decode().strip()
        except AffectedError:
            raise BadRevisionError(self._missing(f"the merge base of {one[:12]} and {other[:12]}")) from None

    def tree(self, commit: str) -> str:
        """Return the id of the workspace's tree in a commit."""
        return self.run("rev-parse", f"{commit}:./").decode().strip()

    def blob(self, commit: str, path: str) -> bytes | None:
        """Return a file of a commit, or None if it has no such file."""
        try:
            return self.run("cat-file", "blob", f"{commit}:./{path}")
        except AffectedError:
            return None

    def is_clean(self) -> bool:
        """Return whether the working tree is equal to the commit that is checked out."""
        return not self.run(
            "status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=none", "--", "."
        )

    def export(self, commit: str, folder: pathlib.Path) -> None:
        """Write the files of a commit into a folder, and remove other files that an earlier export wrote there."""
        index = folder.with_name(folder.name + ".index")
        environment = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(folder), "GIT_DIR": self._git_folder()}
        folder.mkdir(parents=True, exist_ok=True)
        tree = self.tree(commit)
        here = Repository(folder)
        if not index.exists():
            here.run("read-tree", "--empty", environment=environment)
        here.run("-c", "core.sparseCheckout=false", "read-tree", "--reset", "-u", tree, environment=environment)

    def _git_folder(self) -> str:
        return self.run("rev-parse", "--absolute-git-dir").decode().rstrip("\n")

    def _missing(self, what: str) -> str:
        shallow = self.run("rev-parse", "--is-shallow-repository").strip() == b"true"
        if shallow:
            return (
                f"{what} is not in this shallow clone: git fetch --deepen=100 (or --unshallow), then run affected again"
            )
        return f"{what} is not a revision of this repository: fetch it with git, or correct the spelling"

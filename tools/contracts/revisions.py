"""Read files of an earlier commit."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.contracts.errors import ContractError

_MAIN = ("origin/HEAD", "origin/main", "main")
"""The default revision that the working tree is compared with: the first of these that there is."""


@dataclass(frozen=True)
class Repository:
    """The git repository of a working tree."""

    workspace: Path

    def merge_base(self, revision: str | None) -> str:
        """Return the commit at which HEAD left a revision, by default the main branch; raises ContractError."""
        wanted = revision or self._main()
        commit = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted}^{{commit}}")
        if not commit:
            raise ContractError(f"{wanted} is no revision of this repository: git fetch it, or look for a mistake")
        base = self._run("merge-base", commit, "HEAD")
        if not base:
            raise ContractError(f"HEAD and {wanted} have no commit in common: git fetch --unshallow, then try again")
        return base

    def _main(self) -> str:
        found = next((name for name in _MAIN if self._run("rev-parse", "--verify", "--quiet", name)), None)
        if found is None:
            raise ContractError(
                "the main branch is not here, as in the clone of a single branch: git fetch it, or name a revision "
                "with --since"
            )
        return found

    def files(self, commit: str) -> list[str]:
        """Return the paths of the files below `services/` in a commit."""
        listed = self._run("ls-tree", "-r", "--name-only", "-z", commit, "--", "services")
        return [name for name in listed.split("\0") if name]

    def content(self, commit: str, path: str) -> bytes | None:
        """Return the content of a file in a commit, None where there is no such file."""
        command = ["git", "-C", str(self.workspace), "show", f"{commit}:./{path}"]
        done = subprocess.run(command, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def contract(self, commit: str, service: str) -> bytes | None:
        """Return the contract of a service in a commit, None where it has none."""
        return self.content(commit, f"services/{service}/openapi.json")

    def services(self, commit: str) -> list[str]:
        """Return the services of a commit that have a contract."""
        paths = [Path(name) for name in self.files(commit)]
        return [path.parts[1] for path in paths if len(path.parts) == 3 and path.name == "openapi.json"]

    def _run(self, *arguments: str) -> str:
        """Return git's output, or an empty string if git fails."""
        try:
            done = subprocess.run(
                ["git", "-C", str(self.workspace), *arguments], capture_output=True, encoding="utf-8", check=False
            )
        except FileNotFoundError as error:
            raise ContractError("git is not installed") from error
        return done.stdout.strip() if done.returncode == 0 else ""

"""Format the source tree and fix the findings that can be fixed automatically.

    bazel run //tools/lint:fix              # write
    bazel run //tools/lint:fix -- --check   # only print what is wrong

All files that git tracks or would add are checked, including those in folders that Bazel ignores.
"""

import argparse
import dataclasses
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterable, Sequence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tool:
    """A program and how it is called to mend or to check."""

    name: str
    mend: Sequence[Sequence[str]]
    check: Sequence[Sequence[str]]
    suffixes: tuple[str, ...]

    def program(self) -> pathlib.Path | None:
        """Return the program from the runfiles; None if this machine could not download it."""
        return next(pathlib.Path("..").resolve().glob(f"*/bin/{self.name}"), None)


RUFF = Tool(
    name="ruff",
    mend=[
        # Format first, so that no finding is printed that formatting mends; --fix may leave code to format.
        ["format", "--quiet", "--no-cache", "--config=pyproject.toml"],
        ["check", "--quiet", "--no-cache", "--config=pyproject.toml", "--fix"],
        ["format", "--quiet", "--no-cache", "--config=pyproject.toml"],
    ],
    check=[
        ["check", "--quiet", "--no-cache", "--config=pyproject.toml"],
        ["format", "--quiet", "--no-cache", "--config=pyproject.toml", "--diff"],
    ],
    suffixes=(".py", ".pyi"),
)
BUILDIFIER = Tool(
    name="buildifier",
    mend=[["-config=.buildifier.json", "-mode=fix", "-lint=fix"]],
    check=[["-config=.buildifier.json", "-mode=check", "-lint=warn"]],
    suffixes=(".bzl", ".bazel"),
)


def source_files(root: pathlib.Path) -> list[str]:
    """List the files of the tree by their path from its root, new ones included."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        stdout=subprocess.PIPE,
        check=True,
    )
    paths = {os.fsdecode(path) for path in listing.stdout.split(b"\0") if path}
    return sorted(path for path in paths if (root / path).is_file())


def apply(tool: Tool, root: pathlib.Path, files: Iterable[str], *, check: bool) -> bool:
    """Run the tool on its files; return whether it succeeded."""
    mine = [file for file in files if file.endswith(tool.suffixes)]
    program = tool.program()
    if program is None:
        print(f"{tool.name} is not available, so {len(mine)} files are not checked", file=sys.stderr)
        return True
    if not mine:
        return True
    runs = tool.check if check else tool.mend
    statuses = [subprocess.call([program, *run, *mine], cwd=root) for run in runs]
    return not any(statuses)


def main(arguments: Sequence[str]) -> int:
    """Fix or check the tree; return 1 if findings remain."""
    parser = argparse.ArgumentParser(prog="bazel run //tools/lint:fix --", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--check", action="store_true", help="report problems and change no file")
    options = parser.parse_args(arguments)
    root = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", pathlib.Path.cwd()))
    files = source_files(root)
    content = [apply(tool, root, files, check=options.check) for tool in (RUFF, BUILDIFIER)]
    return 0 if all(content) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

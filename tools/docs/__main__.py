"""Run every command that the documentation shows, in a fresh clone of this repository.

bazel run //tools/docs -- [--list] [--skip COMMAND] [DOCUMENT ...]
"""

import argparse
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tools.bazel_run.environment import path_from_bazel
from tools.docs.commands import Command, commands_of
from tools.docs.runner import SIGNALS, CommandFailedError, run_all

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/*.md")

_STOPPED = 130
"""Exit code of shells for Ctrl-C."""


def main() -> int:
    """Return 0 when each documented command did what a reader would expect."""
    arguments = _arguments()
    workspace = path_from_bazel("BUILD_WORKSPACE_DIRECTORY", "bazel run //tools/docs")
    commands = _documented(workspace, arguments.documents or list(DOCUMENTS))
    if arguments.list:
        print("\n".join(str(command) for command in commands))
        return 0
    chosen = [command for command in commands if command.text not in arguments.skip]
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        return _run(chosen, workspace)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return _STOPPED


def _run(commands: list[Command], workspace: Path) -> int:
    """Run the commands in a clone, which is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="docs-") as scratch:
        clone = Path(scratch) / "clone"
        # No hard links: the two folders may be on different mounts.
        git = subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", workspace, clone], check=False)
        if git.returncode:
            return git.returncode
        try:
            return _report(commands, clone)
        finally:
            # Bazel's outputs are outside the clone and would be left behind.
            subprocess.run(["./bazelw", "clean", "--expunge"], cwd=clone, check=False)


def _report(commands: list[Command], clone: Path) -> int:
    passed = 0
    try:
        with closing(run_all(commands, folder=clone, patience=300.0)) as timed:
            for command, seconds in timed:
                passed += 1
                print(f"ok {seconds:6.1f} s  {command}", file=sys.stderr)
    except CommandFailedError as failure:
        print(f"FAILED {failure}", file=sys.stderr)
        return 1
    print(f"{passed} documented commands work.", file=sys.stderr)
    return 0 if passed else 1


def _documented(workspace: Path, patterns: list[str]) -> list[Command]:
    paths = [path for pattern in patterns for path in sorted(workspace.glob(pattern))]
    return [
        command
        for path in paths
        for command in commands_of(path.read_text(encoding="utf-8"), document=str(path.relative_to(workspace)))
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bazel run //tools/docs --", description=__doc__)
    parser.add_argument("documents", nargs="*", metavar="DOCUMENT", help=f"default: {', '.join(DOCUMENTS)}")
    parser.add_argument("--list", action="store_true", help="print the commands and run none")
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="COMMAND",
        help="a command that was run already",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

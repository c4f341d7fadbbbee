"""List the targets that a change affects, and explain why.

    bazel run //tools/affected                                  # by uncommitted edits
    bazel run //tools/affected -- --base origin/main            # by this branch, with uncommitted edits
    bazel run //tools/affected -- --base HEAD~1 --kind image    # the images affected by the last commit
    bazel run //tools/affected -- --base origin/main test       # run the affected tests
    bazel run //tools/affected -- why //services/x:image        # the steps from a changed file to a target

The result is written to stdout, the reasons to stderr. If the effect of a change cannot be determined, every target is
affected. The checkout is never written to.
"""

import argparse
import os
import pathlib
import sys
from collections.abc import Sequence

from tools.affected import commands
from tools.affected.changes import WORKTREE
from tools.affected.errors import AffectedError
from tools.affected.report import FORMATS

KINDS = ("all", "test", "binary", "image", "image_push")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command_line = argparse.ArgumentParser(
        prog="bazel run //tools/affected --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command_line.add_argument(
        "command", nargs="?", choices=("list", "why", "test"), default="list", help="default: list"
    )
    command_line.add_argument("target", nargs="?", help="the label that `why` explains")
    command_line.add_argument(
        "--base", metavar="REV", default="HEAD", help="compare with the merge base of REV and the head (default: HEAD)"
    )
    command_line.add_argument(
        "--head", metavar="REV", default=WORKTREE, help="the revision to compare (default: the files on disk)"
    )
    command_line.add_argument(
        "--kind", choices=KINDS, default="all", help="list only targets of this kind (default: all)"
    )
    command_line.add_argument(
        "--format", choices=sorted(FORMATS), default="text", help="format of the output (default: text)"
    )
    command_line.add_argument(
        "--output", metavar="FILE", help="also write the labels to FILE, for --target_pattern_file"
    )
    command_line.add_argument(
        "--exit-code", action="store_true", help="exit with 10 if nothing is affected and with 20 if everything is"
    )
    command_line.add_argument("--bazel", metavar="PROGRAM", default="", help="default: ./bazelw, else bazel on PATH")
    return command_line


def main(arguments: Sequence[str]) -> int:
    """Run one command; return 2 if the affected targets cannot be determined."""
    options = parser().parse_args(arguments)
    if (options.command == "why") != bool(options.target):
        parser().error("`why` requires a target, and the other commands accept none")
    if options.output and options.command != "list":
        parser().error(f"`{options.command}` writes no labels: omit --output, or omit the command")
    workspace = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", pathlib.Path.cwd()))
    try:
        return commands.run(options, workspace)
    except AffectedError as error:
        print(f"affected: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Which targets does a change touch, and why?

    bazel run //tools/affected                                  # my uncommitted edits
    bazel run //tools/affected -- --base origin/main            # my branch, with my uncommitted edits
    bazel run //tools/affected -- --base HEAD~1 --kind image    # the images that the last commit touches
    bazel run //tools/affected -- --base origin/main test       # run exactly the tests that may answer otherwise
    bazel run //tools/affected -- why //services/x:image        # by which way a target is touched

The result is on stdout, everything else on stderr. What cannot be placed touches everything, and the
reason says so; an empty answer is meant. Nothing is written to the checkout.
"""

import argparse
import os
import pathlib
import sys
from collections.abc import Sequence

from tools.affected import commands
from tools.affected.changes import WORKTREE
from tools.affected.errors import AffectedError
from tools.affected.report import FORMS

KINDS = ("all", "test", "binary", "image", "image_push")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="bazel run //tools/affected --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("command", nargs="?", choices=("list", "why", "test"), default="list", help="default: list")
    made.add_argument("target", nargs="?", help="the target that `why` explains")
    made.add_argument(
        "--base", metavar="REV", default="HEAD", help="compare from where the head left REV (default: HEAD)"
    )
    made.add_argument("--head", metavar="REV", default=WORKTREE, help="to REV, or to the files on disk (default)")
    made.add_argument("--kind", choices=KINDS, default="all", help="only these targets")
    made.add_argument("--format", choices=sorted(FORMS), default="text", help="how to print (default: text)")
    made.add_argument("--output", metavar="FILE", help="write the labels there too, for --target_pattern_file")
    made.add_argument("--exit-code", action="store_true", help="answer 10 for nothing and 20 for everything")
    made.add_argument("--bazel", metavar="PROGRAM", default="", help="default: ./bazelw, else bazel on PATH")
    return made


def main(arguments: Sequence[str]) -> int:
    """Answer one question; 2 when it cannot be answered."""
    options = parser().parse_args(arguments)
    if (options.command == "why") != bool(options.target):
        parser().error("`why` takes a target, and nothing else does")
    if options.output and options.command != "list":
        parser().error(f"`{options.command}` writes no labels; leave --output away, or the command")
    workspace = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", pathlib.Path.cwd()))
    try:
        return commands.run(options, workspace)
    except AffectedError as error:
        print(f"affected: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

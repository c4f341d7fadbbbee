"""What the command line can ask for."""

import argparse
import contextlib
import dataclasses
import pathlib
import sys
import tempfile
from collections.abc import Iterator

from tools.affected.answer import Answer, answer
from tools.affected.bazel import Bazel
from tools.affected.changes import Range
from tools.affected.errors import AffectedError
from tools.affected.git import Repository
from tools.affected.report import FORMS
from tools.affected.snapshots import Snapshots
from tools.affected.verdict import Scope

_STATUS = {Scope.NONE: 10, Scope.SOME: 0, Scope.ALL: 20}
_SHOWN = 12


def run(options: argparse.Namespace, workspace: pathlib.Path) -> int:
    """Carry out a parsed command line and return the exit status.

    Raises:
        AffectedError: the question cannot be answered.
    """
    range_ = Range.of(Repository(workspace), base=options.base, head=options.head)
    with _snapshots(range_, options.bazel) as snapshots:
        found = answer(range_, snapshots)
        _talk(found)
        if options.command == "why":
            return _why(found, options.target)
        if options.command == "test":
            return _test(found, snapshots.head)
    if options.output:
        labels = "".join(f"{target.label}\n" for target in found.of_kind(options.kind))
        (workspace / options.output).write_text(labels)
    sys.stdout.write(FORMS[options.format](found, options.kind))
    return _STATUS[found.scope] if options.exit_code else 0


@contextlib.contextmanager
def _snapshots(range_: Range, program: str) -> Iterator[Snapshots]:
    """Lend the graphs, with the head read in the workspace, or in a private copy of another commit."""
    home = Bazel.of(range_.repository.workspace, program)
    here = Snapshots(range=range_, home=home, head=home)
    if range_.head_is_on_disk:
        yield here
        return
    with here.tree(range_.head, name="head") as folder:
        yield dataclasses.replace(here, head=home.elsewhere(folder))


def _talk(found: Answer) -> None:
    """Say on stderr what each changed path means."""
    for verdict in found.verdicts[:_SHOWN]:
        print(f"{verdict.path}: {verdict.reason}", file=sys.stderr)
    if len(found.verdicts) > _SHOWN:
        print(f"... and {len(found.verdicts) - _SHOWN} more paths; --format json has them all", file=sys.stderr)
    count = "everything" if found.scope is Scope.ALL else f"{len(found.targets)} targets"
    print(f"affected: {'nothing' if found.scope is Scope.NONE else count}", file=sys.stderr)


def _why(found: Answer, label: str) -> int:
    """Print the way from a changed path to a target."""
    if found.scope is Scope.ALL:
        for verdict in found.verdicts:
            if verdict.scope is Scope.ALL:
                print(f"{verdict.path}: {verdict.reason}")
        return 0
    name = label if ":" in label else f"{label}:{label.rpartition('/')[2]}"
    chain = found.chain(name)
    if not chain:
        print(f"{name} is not affected")
        return 0
    for depth, step in enumerate(chain):
        print(f"{'  ' * depth}{step}")
    return 0


def _test(found: Answer, bazel: Bazel) -> int:
    """Run the affected tests; with nothing affected there is nothing to run."""
    if found.scope is Scope.ALL:
        return bazel.call("test", ["//..."])
    labels = [target.label for target in found.of_kind("test")]
    if not labels:
        print("no test is affected")
        return 0
    if bazel.workspace != found.range.repository.workspace:
        message = "tests run on the files on disk: check out the head first, or leave --head away"
        raise AffectedError(message)
    with tempfile.NamedTemporaryFile("w", suffix=".targets") as file:
        file.write("\n".join(labels))
        file.flush()
        return bazel.call("test", ["--skip_incompatible_explicit_targets", f"--target_pattern_file={file.name}"])

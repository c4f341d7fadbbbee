"""What the command line can ask for."""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterable, Iterator

from tools.affected.answer import Answer, answer
from tools.affected.bazel import Bazel
from tools.affected.changes import Range
from tools.affected.errors import AffectedError, BazelFailedError
from tools.affected.git import Repository
from tools.affected.graph import Target
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
            return _why(found, _label(options.target, _here(workspace).relative_to(workspace)))
        if options.command == "test":
            return _test(found, snapshots.head)
    if found.scope is Scope.ALL and not found.targets:
        message = f"everything is affected, and the targets cannot be listed: {found.verdicts[-1].reason}"
        raise AffectedError(message)
    if options.output:
        _write(_here(workspace) / options.output, found.of_kind(options.kind))
    sys.stdout.write(FORMS[options.format](found, options.kind))
    return _STATUS[found.scope] if options.exit_code else 0


def _here(workspace: pathlib.Path) -> pathlib.Path:
    """Return the folder in which the command was given, if that is in the workspace."""
    here = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", workspace))
    return here if here.is_relative_to(workspace) else workspace


def _label(word: str, here: pathlib.PurePath) -> str:
    """Return the whole name of a target that may be named as seen from a folder."""
    package = "" if here == pathlib.PurePath() else here.as_posix()
    if word.startswith(":"):
        word = f"//{package}{word}"
    elif not word.startswith(("//", "@")):
        word = f"//{package}/{word}" if package else f"//{word}"
    return word if ":" in word else f"{word}:{word.rpartition('/')[2]}"


def _write(path: pathlib.Path, targets: Iterable[Target]) -> None:
    try:
        path.write_text("".join(f"{target.label}\n" for target in targets))
    except OSError as error:
        message = f"--output cannot be written to {path}: {error.strerror}"
        raise AffectedError(message) from error


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


def _why(found: Answer, name: str) -> int:
    """Print the way from a changed path to a target."""
    if found.scope is Scope.ALL:
        for verdict in found.verdicts:
            if verdict.scope is Scope.ALL:
                print(f"{verdict.path}: {verdict.reason}")
        return 0
    chain = found.chain(name)
    if not chain:
        if not _exists(found.bazel, name):
            message = f"there is no target {name}; `why` takes one, such as //services/user_service:image"
            raise AffectedError(message)
        print(f"{name} is not affected")
        return 0
    for depth, step in enumerate(chain):
        print(f"{'  ' * depth}{step}")
    return 0


def _exists(bazel: Bazel, label: str) -> bool:
    try:
        return bool(bazel.query(label))
    except BazelFailedError:
        return False


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

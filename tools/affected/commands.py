"""The commands `list`, `why` and `test`."""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterable, Iterator

from tools.affected.bazel import Bazel
from tools.affected.changes import Range
from tools.affected.errors import AffectedError, BazelFailedError
from tools.affected.git import Repository
from tools.affected.graph import Target
from tools.affected.impact import Scope
from tools.affected.report import FORMATS
from tools.affected.result import AffectedResult, affected_targets
from tools.affected.snapshots import Snapshots

_STATUS = {Scope.NONE: 10, Scope.SOME: 0, Scope.ALL: 20}
_MAX_PRINTED = 12


def run(options: argparse.Namespace, workspace: pathlib.Path) -> int:
    """Run the command of a parsed command line and return the exit status.

    Raises:
        AffectedError: The affected targets cannot be determined.
    """
    range_ = Range.resolve(Repository(workspace), base=options.base, head=options.head)
    with _snapshots(range_, options.bazel) as snapshots:
        result = affected_targets(range_, snapshots)
        _print_impacts(result)
        if options.command == "why":
            return _why(result, _label(options.target, _working_directory(workspace).relative_to(workspace)))
        if options.command == "test":
            return _test(result, snapshots.head)
    if result.scope is Scope.ALL and not result.targets:
        message = f"everything is affected, and the targets cannot be listed: {result.impacts[-1].reason}"
        raise AffectedError(message)
    if options.output:
        _write(_working_directory(workspace) / options.output, result.of_kind(options.kind))
    sys.stdout.write(FORMATS[options.format](result, options.kind))
    return _STATUS[result.scope] if options.exit_code else 0


def _working_directory(workspace: pathlib.Path) -> pathlib.Path:
    """Return the user's working directory if it is in the workspace, else the workspace."""
    folder = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", workspace))
    return folder if folder.is_relative_to(workspace) else workspace


def _label(name: str, folder: pathlib.PurePath) -> str:
    """Return the absolute label of a target; `name` may be relative to a folder, as for Bazel."""
    package = "" if folder == pathlib.PurePath() else folder.as_posix()
    if name.startswith(":"):
        name = f"//{package}{name}"
    elif not name.startswith(("//", "@")):
        name = f"//{package}/{name}" if package else f"//{name}"
    return name if ":" in name else f"{name}:{name.rpartition('/')[2]}"


def _write(path: pathlib.Path, targets: Iterable[Target]) -> None:
    try:
        path.write_text("".join(f"{target.label}\n" for target in targets))
    except OSError as error:
        message = f"--output cannot be written to {path}: {error.strerror}"
        raise AffectedError(message) from error


@contextlib.contextmanager
def _snapshots(range_: Range, program: str) -> Iterator[Snapshots]:
    """Yield the snapshots; the head is read in the workspace if it is on disk, else in a private copy."""
    local = Bazel.find(range_.repository.workspace, program)
    snapshots = Snapshots(range=range_, local=local, head=local)
    if range_.head_is_on_disk:
        yield snapshots
        return
    with snapshots.checkout(range_.head, name="head") as folder:
        yield dataclasses.replace(snapshots, head=local.in_copy(folder))


def _print_impacts(result: AffectedResult) -> None:
    """Print the reason for each changed path to stderr."""
    for impact in result.impacts[:_MAX_PRINTED]:
        print(f"{impact.path}: {impact.reason}", file=sys.stderr)
    if len(result.impacts) > _MAX_PRINTED:
        print(
            f"... and {len(result.impacts) - _MAX_PRINTED} more paths; --format json prints all of them",
            file=sys.stderr,
        )
    count = "everything" if result.scope is Scope.ALL else f"{len(result.targets)} targets"
    print(f"affected: {'nothing' if result.scope is Scope.NONE else count}", file=sys.stderr)


def _why(result: AffectedResult, label: str) -> int:
    """Print the steps from a changed path to a target."""
    if result.scope is Scope.ALL:
        for impact in result.impacts:
            if impact.scope is Scope.ALL:
                print(f"{impact.path}: {impact.reason}")
        return 0
    path = result.dependency_path(label)
    if not path:
        if not _exists(result.bazel, label):
            message = f"there is no target {label}; `why` takes a label such as //services/user_service:image"
            raise AffectedError(message)
        print(f"{label} is not affected")
        return 0
    for depth, step in enumerate(path):
        print(f"{'  ' * depth}{step}")
    return 0


def _exists(bazel: Bazel, label: str) -> bool:
    try:
        return bool(bazel.query(label))
    except BazelFailedError:
        return False


def _test(result: AffectedResult, bazel: Bazel) -> int:
    """Run the affected tests, if there are any."""
    if result.scope is Scope.ALL:
        return bazel.call("test", ["//..."])
    labels = [target.label for target in result.of_kind("test")]
    if not labels:
        print("no test is affected")
        return 0
    if bazel.workspace != result.range.repository.workspace:
        message = "tests run on the files on disk: check out the head first, or omit --head"
        raise AffectedError(message)
    with tempfile.NamedTemporaryFile("w", suffix=".targets") as file:
        file.write("\n".join(labels))
        file.flush()
        return bazel.call("test", ["--skip_incompatible_explicit_targets", f"--target_pattern_file={file.name}"])

"""Runs pytest under Bazel's test protocol; the `main` of every `pytest_test`.

The arguments are the test files, followed by those of `--test_arg` or `bazel run ... --`. The protocol (filter, shards,
XML, fail fast, time limit) is specified in the "Test encyclopedia" of Bazel's manual.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import pathlib
import signal
import sys
from collections.abc import Mapping, Sequence

_FIRST_PARTY = {"deploy", "libs", "services", "tests", "tools"}
_OWN_FOLDERS = {str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).resolve().parent)}
# Python puts the folder of a script first on sys.path: its modules would shadow others of the same name.
sys.path[:] = [entry for entry in sys.path if entry not in _OWN_FOLDERS]
# Runfiles may be shared with other runs.
sys.dont_write_bytecode = True

import pytest  # noqa: E402


@dataclasses.dataclass(frozen=True, kw_only=True)
class Protocol:
    """The environment variables that Bazel sets for one run of a test."""

    target: str
    test_filter: str
    shard_index: int
    total_shards: int
    shard_status_file: str
    xml_output_file: str
    fail_fast: bool
    timeout_seconds: int

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Protocol:
        """Read the protocol's variables; each has a neutral default for runs outside of a Bazel test."""
        return cls(
            target=environment.get("TEST_TARGET", "this test"),
            test_filter=environment.get("TESTBRIDGE_TEST_ONLY", ""),
            shard_index=int(environment.get("TEST_SHARD_INDEX") or 0),
            total_shards=int(environment.get("TEST_TOTAL_SHARDS") or 1),
            shard_status_file=environment.get("TEST_SHARD_STATUS_FILE", ""),
            xml_output_file=environment.get("XML_OUTPUT_FILE", ""),
            fail_fast=environment.get("TESTBRIDGE_TEST_RUNNER_FAIL_FAST") == "1",
            timeout_seconds=int(environment.get("TEST_TIMEOUT") or 0),
        )

    @property
    def names_nodes(self) -> bool:
        """Tell whether the filter is a node id (`test_x.py::test_y`) and not a `-k` expression."""
        return "::" in self.test_filter or self.test_filter.endswith(".py")

    def arguments(self) -> list[str]:
        """Return the pytest options that implement the protocol."""
        options = ["--color=no", f"--rootdir={pathlib.Path.cwd()}", "--config-file=pyproject.toml"]
        if self.xml_output_file:
            options += [
                f"--junitxml={self.xml_output_file}",
                "-o",
                f"junit_suite_name={self.target}",
            ]
        if self.fail_fast:
            options.append("-x")
        if self.test_filter and not self.names_nodes:
            options += ["-k", self.test_filter]
        if self.timeout_seconds:
            # The stacks are printed a little before Bazel kills the process without a word.
            options += ["-o", f"faulthandler_timeout={self.timeout_seconds * 0.9:.0f}"]
        return options


class Selection:
    """A pytest plugin that keeps the tests that match the filter and belong to this shard."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.collected = 0
        self.matching = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> object:
        """Select after all other plugins, so that shards divide the remaining tests."""
        self.collected = len(items)
        outcome = yield
        if self.protocol.names_nodes:
            self._keep(config, items, [item for item in items if self._is_named(item.nodeid)])
        self.matching = len(items)
        share = items[self.protocol.shard_index :: self.protocol.total_shards]
        self._keep(config, items, share)
        return outcome

    def _is_named(self, node: str) -> bool:
        _, found, rest = f"/{node}".partition(f"/{self.protocol.test_filter}")
        return bool(found) and (not rest or rest.startswith(("::", "[")))

    @staticmethod
    def _keep(config: pytest.Config, items: list[pytest.Item], kept: list[pytest.Item]) -> None:
        keeping = set(kept)
        dropped = [item for item in items if item not in keeping]
        items[:] = kept
        if dropped:
            config.hook.pytest_deselected(items=dropped)

    def complaint(self) -> str:
        """Return why a run without tests is an error, or an empty string if only sharding left no tests."""
        if not self.collected:
            return "no test was collected: name tests test_*, in a file test_*.py listed in srcs"
        if not self.matching:
            wanted = self.protocol.test_filter
            return f"none of the {self.collected} tests collected matches --test_filter={wanted}"
        return ""


class MissingModules:
    """A pytest plugin that records which modules could not be imported."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def pytest_exception_interact(self, call: pytest.CallInfo[object]) -> None:
        """Record the module if the exception, or one in its chain of causes, is a ModuleNotFoundError."""
        error = call.excinfo.value if call.excinfo else None
        while error:
            if isinstance(error, ModuleNotFoundError) and error.name:
                self.names[error.name] = None
            error = error.__cause__ or error.__context__


def missing_dependency(module: str) -> str:
    """Return the entry of `deps` that a target probably lacks if it cannot import the module."""
    parts = module.split(".")
    if parts[0] not in _FIRST_PARTY:
        return f'"@pip//{parts[0]}", or the distribution in requirements_lock.txt that has this module'
    if len(parts) <= 2:
        return f'"//{"/".join(parts)}"'
    return f"the library of //{'/'.join(parts[:-1])} that has {parts[-1]}.py in its srcs"


def clash(folders: Sequence[str]) -> str:
    """Return a message about a distribution that is in the folders in two versions, or an empty string."""
    found: dict[str, tuple[str, str]] = {}
    for folder in dict.fromkeys(folders):
        for metadata in sorted(pathlib.Path(folder).glob("*.dist-info")):
            name, _, version = metadata.name.removesuffix(".dist-info").partition("-")
            other, elsewhere = found.setdefault(name.lower(), (version, folder))
            if other != version:
                return (
                    f"two versions of {name} are on its path, {other} in {elsewhere} and {version} in {folder}: "
                    "put the test on the track of the service that it tests (docs/tracks.md)"
                )
    return ""


def _measured_for_coverage() -> contextlib.AbstractContextManager[None]:
    """Return the measurement of a test in `bazel coverage`; in other commands, tests do not depend on its module."""
    if "COVERAGE_DIR" not in os.environ:
        return contextlib.nullcontext()
    module = importlib.import_module("tools.build.coverage.measurement")
    measurement: contextlib.AbstractContextManager[None] = module.measured(os.environ)
    return measurement


def _come_to_foreground() -> None:
    """Let a debugger read from the terminal.

    `bazel run` starts a test by a shell with job control, in a process group in the background. The kernel stops such
    a group when it reads from the terminal (SIGTTIN), or makes itself the foreground group (SIGTTOU) unless it ignores
    that signal.
    """
    if not sys.stdin.isatty():
        return
    handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    # Without a controlling terminal there is no job control either.
    with contextlib.suppress(OSError):
        os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
    signal.signal(signal.SIGTTOU, handler)


def main(arguments: Sequence[str]) -> int:
    """Run pytest on the given files and return the exit status for Bazel."""
    protocol = Protocol.of(os.environ)
    if error := clash([folder for folder in sys.path if folder.endswith("site-packages")]):
        print(f"{protocol.target}: {error}", file=sys.stderr)
        return int(pytest.ExitCode.USAGE_ERROR)
    if protocol.shard_status_file:
        pathlib.Path(protocol.shard_status_file).touch()
    # Results are cached, so tests must be deterministic: if CI is set, hypothesis uses no random examples.
    os.environ.setdefault("CI", "true")
    os.environ.setdefault("NO_COLOR", "1")
    _come_to_foreground()
    selection, missing = Selection(protocol), MissingModules()
    with _measured_for_coverage():
        status = pytest.main([*protocol.arguments(), *arguments], plugins=[selection, missing])
    for module in missing.names:
        print(f"{protocol.target}: no module {module}; add to deps: {missing_dependency(module)}", file=sys.stderr)
    if status != pytest.ExitCode.NO_TESTS_COLLECTED:
        return int(status)
    complaint = selection.complaint()
    if not complaint:
        return int(pytest.ExitCode.OK)
    print(f"{protocol.target}: {complaint}", file=sys.stderr)
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

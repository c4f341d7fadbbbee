"""The tests that are not affected, and how long they took when they last ran."""

import pathlib
import re
from collections.abc import Iterable

from tools.affected import graph
from tools.affected.result import AffectedResult

_SECONDS = re.compile(rb'<testsuite [^>]*\btime="([\d.]+)"')


def skipped_tests(result: AffectedResult) -> list[str]:
    """Return the labels of the tests that `bazel test //...` runs and that are not affected.

    Raises:
        BazelFailedError: The head's graph cannot be loaded.
    """
    rules = graph.rules(result.bazel.query("//...", "--proto:output_rule_attrs=tags")).values()
    return sorted(
        one.label for one in rules if "test" in one.kinds and not one.is_manual and one.label not in result.targets
    )


def seconds_of(tests: Iterable[str], workspace: pathlib.Path) -> float:
    """Return the total time of these tests by the logs of their last runs in a workspace, in seconds."""
    logs = workspace / "bazel-testlogs"
    files = (file for test in tests for file in (logs / test.removeprefix("//").replace(":", "/")).rglob("test.xml"))
    return sum(float(found) for file in files for found in _SECONDS.findall(file.read_bytes()))

"""The tests that an answer leaves out, and what running them took the last time."""

import pathlib
import re
from collections.abc import Iterable

from tools.affected import graph
from tools.affected.answer import Answer

_SECONDS = re.compile(rb'<testsuite [^>]*\btime="([\d.]+)"')


def skipped_tests(answer: Answer) -> list[str]:
    """Return the labels of the tests that `test //...` runs and that the answer leaves out.

    Raises:
        BazelFailedError: the head's graph cannot be loaded.
    """
    every = graph.rules(answer.bazel.query("//...", "--proto:output_rule_attrs=tags")).values()
    return sorted(
        one.label for one in every if "test" in one.kinds and not one.is_manual and one.label not in answer.targets
    )


def seconds_of(tests: Iterable[str], workspace: pathlib.Path) -> float:
    """Add up what these tests took in the logs that Bazel kept of their last runs in a workspace."""
    logs = workspace / "bazel-testlogs"
    files = (file for test in tests for file in (logs / test.removeprefix("//").replace(":", "/")).rglob("test.xml"))
    return sum(float(found) for file in files for found in _SECONDS.findall(file.read_bytes()))

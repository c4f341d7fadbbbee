"""What Bazel analyses, compared."""

import dataclasses
from typing import Any

import pytest

from tools.affected import configured
from tools.affected.configured import Configured, Difference

STATE = Configured(
    digests={"@@//a:a (1)": "x", "@@//b:b (1)": "x", "@@m~//:tool (2)": "y", "@@m~//:t.txt (null)": "file"},
    below={
        "@@//a:a (1)": ("@@//b:b (1)",),
        "@@//b:b (1)": ("@@m~//:tool (2)",),
        "@@m~//:tool (2)": ("@@m~//:t.txt (null)",),
    },
    marks={"m~": "made so"},
    names={"": {"m": "m~"}, "m~": {}},
    files={"@@m~//:t.txt (null)": "content"},
)
WAY = {"//a:a": ("@@m~//:tool", "//b:b", "//a:a"), "//b:b": ("@@m~//:tool", "//b:b")}
FROM_FILE = {label: ("@@m~//:t.txt", *way) for label, way in WAY.items()}


def ways(**changes: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401
    """Compare the usual state with a changed one."""
    after = dataclasses.replace(STATE, **changes)
    return Difference(before=STATE, after=after).ways()


def test_same_state() -> None:
    """Nothing differs from itself, also when it was kept in between."""
    assert ways() == {}
    assert configured.load(configured.dump(STATE)) == STATE


def test_definition_of_another_repository() -> None:
    """Whatever hangs on it is told, with the way."""
    assert ways(digests={**STATE.digests, "@@m~//:tool (2)": "z"}) == WAY


def test_toolchain_that_is_another() -> None:
    """A target takes something else, though both are what they were."""
    assert ways(below={**STATE.below, "@@//b:b (1)": ()}) == {"//a:a": ("//b:b", "//a:a"), "//b:b": ("//b:b",)}


def test_other_configuration() -> None:
    """A tool that is built otherwise is another tool."""
    digests = {node.replace("(2)", "(3)"): digest for node, digest in STATE.digests.items()}
    below = {"@@//b:b (1)": ("@@m~//:tool (3)",)}
    assert ways(digests=digests, below={**STATE.below, **below})["//b:b"] == ("//b:b",)


@pytest.mark.parametrize(
    ("marks", "content", "expected"),
    [
        ({"m~": "made otherwise"}, "other", FROM_FILE),
        ({"m~": "made otherwise"}, "content", {}),
        ({"m~": ""}, "other", FROM_FILE),
    ],
)
def test_repository_that_is_made_anew(marks: dict[str, str], content: str, expected: object) -> None:
    """Its files count by their content."""
    assert ways(marks=marks, files={"@@m~//:t.txt (null)": content}) == expected


def test_repository_that_another_has_a_name_for() -> None:
    """What is looked up by names hangs on them."""
    assert set(ways(names={"": {"n": "m~"}, "m~": {}})) == {"//a:a", "//b:b"}
    assert ways(names={"": {"m": "m~", "unused": "u~"}, "m~": {}}) == {}

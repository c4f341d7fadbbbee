"""Comparison of configured graphs."""

import dataclasses
from typing import Any

import pytest

from tools.affected import configured
from tools.affected.configured import ConfiguredDiff, ConfiguredGraph

BEFORE = ConfiguredGraph(
    digests={"@@//a:a (1)": "x", "@@//b:b (1)": "x", "@@m~//:tool (2)": "y", "@@m~//:t.txt (null)": "file"},
    dependencies={
        "@@//a:a (1)": ("@@//b:b (1)",),
        "@@//b:b (1)": ("@@m~//:tool (2)",),
        "@@m~//:tool (2)": ("@@m~//:t.txt (null)",),
    },
    markers={"m~": "first"},
    repo_mappings={"": {"m": "m~"}, "m~": {}},
    file_digests={"@@m~//:t.txt (null)": "content"},
)
FROM_TOOL = {"//a:a": ("@@m~//:tool", "//b:b", "//a:a"), "//b:b": ("@@m~//:tool", "//b:b")}
FROM_FILE = {label: ("@@m~//:t.txt", *path) for label, path in FROM_TOOL.items()}


def affected(**changes: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401
    """Return the affected targets if attributes of the graph change."""
    after = dataclasses.replace(BEFORE, **changes)
    return ConfiguredDiff(before=BEFORE, after=after).affected()


def test_equal_graphs() -> None:
    """A graph that was serialised and read again is equal, and nothing is affected."""
    assert affected() == {}
    assert configured.load(configured.dump(BEFORE)) == BEFORE


def test_definition_of_another_repository() -> None:
    """A changed definition affects its reverse dependencies, each with a path from there."""
    assert affected(digests={**BEFORE.digests, "@@m~//:tool (2)": "z"}) == FROM_TOOL


def test_changed_dependencies() -> None:
    """A target that resolves another toolchain is affected, though no definition changed."""
    assert affected(dependencies={**BEFORE.dependencies, "@@//b:b (1)": ()}) == {
        "//a:a": ("//b:b", "//a:a"),
        "//b:b": ("//b:b",),
    }


def test_other_configuration() -> None:
    """A dependency in another configuration is another dependency."""
    digests = {node.replace("(2)", "(3)"): digest for node, digest in BEFORE.digests.items()}
    dependencies = {"@@//b:b (1)": ("@@m~//:tool (3)",)}
    assert affected(digests=digests, dependencies={**BEFORE.dependencies, **dependencies})["//b:b"] == ("//b:b",)


@pytest.mark.parametrize(
    ("markers", "content", "expected"),
    [
        ({"m~": "second"}, "other", FROM_FILE),
        ({"m~": "second"}, "content", {}),
        ({"m~": ""}, "other", FROM_FILE),
    ],
)
def test_repository_that_is_fetched_again(markers: dict[str, str], content: str, expected: object) -> None:
    """The files of a repository that is fetched again are compared by content."""
    assert affected(markers=markers, file_digests={"@@m~//:t.txt (null)": content}) == expected


def test_changed_repository_mapping() -> None:
    """A new name for a repository affects the targets that depend on it, an unused name affects none."""
    assert set(affected(repo_mappings={"": {"n": "m~"}, "m~": {}})) == {"//a:a", "//b:b"}
    assert affected(repo_mappings={"": {"m": "m~", "unused": "u~"}, "m~": {}}) == {}

"""The query for reverse dependencies, and the paths in its output."""

import dataclasses
from typing import Any

from tools.affected import reverse_dependencies
from tools.affected.impact import affects_seeds
from tools.affected.reverse_dependencies import find_reverse_dependencies


def test_labels_and_files_are_one_query() -> None:
    """Files are found by a filter over their packages, so a file that no target references is no error."""
    expression = reverse_dependencies.rdeps_expression(
        ["//a:a", "@pip//x:all"], ["//b:b.py", "//b:odd \"name'.py", "//:c.md"]
    )
    assert expression == (
        'rdeps(//..., //a:a + @pip//x:all + filter("^(//:c.md|//b:b.py|//b:odd..name..py)$", "//:*" + "//b:*"))'
    )


class FakeBazel:
    """Returns the same output for every query, and counts the queries."""

    def __init__(self, *output: dict[str, Any]) -> None:
        self.output = list(output)
        self.queries = 0

    def query(self, *_: str) -> list[dict[str, Any]]:
        """Return the output."""
        self.queries += 1
        return self.output


def rule(name: str, *inputs: str) -> dict[str, Any]:
    """Return a rule as Bazel prints it."""
    return {"type": "RULE", "rule": {"name": name, "ruleClass": "r", "ruleInput": list(inputs)}}


def test_no_seeds_no_query() -> None:
    """Without seeds Bazel is not queried."""
    bazel = FakeBazel()
    assert find_reverse_dependencies(bazel, []).targets == {}  # type: ignore[arg-type]
    assert bazel.queries == 0


def test_path_is_a_shortest_one() -> None:
    """Of two paths to a target the shorter one is returned."""
    bazel = FakeBazel(rule("//:d", "//:c", "//:a"), rule("//:c", "//:b"), rule("//:b", "//:a"), rule("//:a"))
    impact = affects_seeds("x", "y", ("//:a",))
    found = find_reverse_dependencies(bazel, [impact])  # type: ignore[arg-type]
    assert found.path_to("//:d") == ["//:a", "//:d"]
    assert found.path_to("//:c") == ["//:a", "//:b", "//:c"]


def test_changed_attributes_are_combined() -> None:
    """The changed attributes of a seed are those of all impacts; without attributes the whole target changed."""
    impacts = [affects_seeds("x", "y", ("//:a", "//:b", "//:c")), affects_seeds("z", "y", ("//:b", "//:c"))]
    attributes = [
        {"//:a": frozenset({"srcs"}), "//:b": frozenset({"srcs"}), "//:c": frozenset({"srcs"})},
        {"//:b": frozenset({"data"})},
    ]
    changed = [
        dataclasses.replace(impact, changed_attributes=each) for impact, each in zip(impacts, attributes, strict=True)
    ]
    assert reverse_dependencies.changed_attributes(changed) == {"//:a": {"srcs"}, "//:b": {"srcs", "data"}}


def test_names_of_other_repositories() -> None:
    """A seed in another repository matches its canonical label in both formats of Bazel, and no other label."""
    labels = [
        "@pip//x:data",
        "@@_main~pip~pip//x:pkg",
        "@@rules_python++pip+pip//x:pkg",
        "@@other~pip2//x:pkg",
        "//x:x",
    ]
    matches = [label for label in labels if reverse_dependencies.is_same_target(label, "@pip//x:all")]
    assert matches == labels[:3]
    assert reverse_dependencies.is_same_target("@@_main~debian~base_amd64//deb:files", "@base_amd64//...")

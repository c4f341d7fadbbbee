"""The query, and the way back from its answer."""

import dataclasses
from typing import Any

from tools.affected import reach
from tools.affected.verdict import some


def test_labels_and_files_are_one_question() -> None:
    """Files are found by a filter over their packages, so that one that nobody owns is no error."""
    expression = reach.expression(["//a:a", "@pip//x:all"], ["//b:b.py", "//b:odd \"name'.py", "//:c.md"])
    assert expression == (
        'rdeps(//..., //a:a + @pip//x:all + filter("^(//:c.md|//b:b.py|//b:odd..name..py)$", "//:*" + "//b:*"))'
    )


class FakeBazel:
    """Answers every query alike and counts."""

    def __init__(self, *answer: dict[str, Any]) -> None:
        self.answer = list(answer)
        self.asked = 0

    def query(self, *_: str) -> list[dict[str, Any]]:
        """Answer."""
        self.asked += 1
        return self.answer


def rule(name: str, *inputs: str) -> dict[str, Any]:
    """Say a rule as Bazel does."""
    return {"type": "RULE", "rule": {"name": name, "ruleClass": "r", "ruleInput": list(inputs)}}


def test_nothing_is_not_asked() -> None:
    """Without seeds there is no question."""
    bazel = FakeBazel()
    assert reach.reach(bazel, []).targets == {}  # type: ignore[arg-type]
    assert bazel.asked == 0


def test_chain_is_a_shortest_one() -> None:
    """Of two ways to a target the short one is told."""
    bazel = FakeBazel(rule("//:d", "//:c", "//:a"), rule("//:c", "//:b"), rule("//:b", "//:a"), rule("//:a"))
    verdict = some("x", "y", ("//:a",))
    reached = reach.reach(bazel, [verdict])  # type: ignore[arg-type]
    assert reached.chain("//:d") == ["//:a", "//:d"]
    assert reached.chain("//:c") == ["//:a", "//:b", "//:c"]


def test_part_that_differs() -> None:
    """By all that is said of a seed together; once it is said to differ whole, it does."""
    verdicts = [some("x", "y", ("//:a", "//:b", "//:c")), some("z", "y", ("//:b", "//:c"))]
    parts = [
        {"//:a": frozenset({"srcs"}), "//:b": frozenset({"srcs"}), "//:c": frozenset({"srcs"})},
        {"//:b": frozenset({"data"})},
    ]
    said = [dataclasses.replace(verdict, parts=part) for verdict, part in zip(verdicts, parts, strict=True)]
    assert reach._parts(said) == {"//:a": {"srcs"}, "//:b": {"srcs", "data"}}


def test_names_of_other_repositories() -> None:
    """A seed is recognised under every name that Bazel gives it, and nothing else is."""
    labels = [
        "@pip//x:data",
        "@@_main~pip~pip//x:pkg",
        "@@rules_python++pip+pip//x:pkg",
        "@@other~pip2//x:pkg",
        "//x:x",
    ]
    meant = [label for label in labels if reach._is_meant(label, "@pip//x:all")]
    assert meant == labels[:3]
    assert reach._is_meant("@@_main~debian~base_amd64//deb:files", "@base_amd64//...")

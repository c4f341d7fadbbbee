"""Targets compared as Bazel parsed them."""

from typing import Any

import pytest

from tools.affected import graph
from tools.affected.graph import Target
from tools.affected.ways import WHOLE, View


def rule(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Say a rule as Bazel does."""
    attributes = {"srcs": ["//a:a.py"], "tags": ["x"], "visibility": ["//b:__pkg__"]} | changes.pop("attributes", {})
    listed = [{"name": name, "stringListValue": value} for name, value in attributes.items()]
    return {"name": "//a:a", "ruleClass": "py_library", "attribute": listed, "ruleInput": ["//a:a.py"]} | changes


def defined(**changes: Any) -> dict[str, Target]:  # noqa: ANN401
    """Read it as the definition of a target."""
    return graph.definitions([{"type": "RULE", "rule": rule(**changes)}], is_file=lambda label: label.endswith(".py"))


def differences(**changes: Any) -> dict[str, View]:  # noqa: ANN401
    """Compare the usual rule with a changed one."""
    return graph.differing(defined(), defined(**changes))


def test_same_rule() -> None:
    """Where it is written means nothing."""
    assert differences(attributes={"generator_location": ["a/BUILD.bazel:9"]}, location="a/BUILD.bazel:9") == {}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"attributes": {"srcs": ["//a:b.py"]}}, {"srcs"}),
        ({"attributes": {"srcs": [], "data": ["//a:b.py"]}}, {"srcs", "data"}),
        ({"attributes": {"srcs": ["//a:a.py", "//b:b"]}}, WHOLE),
        ({"attributes": {"data": ["@x//:x.py", "//b:b"]}}, WHOLE),
        ({"attributes": {"srcs": [], "tags": []}}, WHOLE),
        ({"attributes": {"$rule_implementation_hash": ["x"]}}, WHOLE),
        ({"attributes": {"tags": []}}, WHOLE),
        ({"ruleClass": "py_binary"}, WHOLE),
        ({"attributes": {"visibility": []}}, WHOLE),
        ({"attributes": {"visibility": ["//c:__pkg__"]}}, WHOLE),
        ({"attributes": {"srcs": [], "visibility": []}}, WHOLE),
    ],
)
def test_other_rule(changes: dict[str, Any], part: View) -> None:
    """Attributes, class, implementation and a narrower visibility count; what not everybody reads is named."""
    assert differences(**changes) == {"//a:a": part}


@pytest.mark.parametrize("wider", [["//b:__pkg__", "//c:__pkg__"], ["//visibility:public"]])
def test_wider_visibility(wider: list[str]) -> None:
    """More may see it: nothing differs."""
    assert differences(attributes={"visibility": wider}) == {}


def test_new_rule() -> None:
    """What was not there is new, what is no longer there is nothing."""
    target = defined()
    assert graph.differing({}, target) == {"//a:a": WHOLE}
    assert graph.differing(target, {}) == {}


def test_kept_graph_compares_alike() -> None:
    """What is written and read again differs from nothing."""
    targets = defined()
    kept = graph.load(graph.dump(targets))
    assert graph.differing(kept, targets) == graph.differing(targets, kept) == {}


def test_only_rules_of_this_repository() -> None:
    """Wheels and files are in the answer and not in the graph."""
    answer = [
        {"type": "RULE", "rule": rule()},
        {"type": "RULE", "rule": rule(name="@pip//idna:pkg")},
        {"type": "SOURCE_FILE", "sourceFile": {"name": "//a:a.py"}},
    ]
    assert list(graph.rules(answer)) == ["//a:a"]


@pytest.mark.parametrize(
    ("label", "rule_class", "kinds"),
    [
        ("//a:a_test", "py_test", {"all", "test"}),
        ("//a:a", "py_binary", {"all", "binary"}),
        ("//a:image", "oci_image_index", {"all", "image"}),
        ("//a:image_push", "image_push", {"all", "image_push"}),
        ("//:push", "alias", {"all"}),
        ("//a:push", "oci_push", {"all"}),
        ("//a:lib", "py_library", {"all"}),
    ],
)
def test_kinds(label: str, rule_class: str, kinds: set[str]) -> None:
    """A target's kinds follow from its rule, whatever its name is."""
    assert Target(label=label, rule=rule_class).kinds == kinds


def test_package_of_a_label() -> None:
    """The root's is empty."""
    assert [graph.package_of(label) for label in ("//a/b:c", "//:c")] == ["a/b", ""]

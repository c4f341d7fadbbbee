"""Comparison of the targets of two graphs."""

from typing import Any

import pytest

from tools.affected import graph
from tools.affected.edges import WHOLE_TARGET, Attributes
from tools.affected.graph import Target


def rule(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a rule as Bazel prints it."""
    attributes = {"srcs": ["//a:a.py"], "tags": ["x"], "visibility": ["//b:__pkg__"]} | changes.pop("attributes", {})
    printed = [{"name": name, "stringListValue": value} for name, value in attributes.items()]
    return {"name": "//a:a", "ruleClass": "py_library", "attribute": printed, "ruleInput": ["//a:a.py"]} | changes


def defined(**changes: Any) -> dict[str, Target]:  # noqa: ANN401
    """Return the graph with that rule."""
    return graph.definitions([{"type": "RULE", "rule": rule(**changes)}], is_file=lambda label: label.endswith(".py"))


def changed(**changes: Any) -> dict[str, Attributes]:  # noqa: ANN401
    """Return the changed targets if attributes of the rule change."""
    return graph.changed_targets(defined(), defined(**changes))


def test_moved_rule() -> None:
    """The location of a rule is not compared."""
    assert changed(attributes={"generator_location": ["a/BUILD.bazel:9"]}, location="a/BUILD.bazel:9") == {}


@pytest.mark.parametrize(
    ("changes", "attributes"),
    [
        ({"attributes": {"srcs": ["//a:b.py"]}}, {"srcs"}),
        ({"attributes": {"srcs": [], "data": ["//a:b.py"]}}, {"srcs", "data"}),
        ({"attributes": {"srcs": ["//a:a.py", "//b:b"]}}, WHOLE_TARGET),
        ({"attributes": {"data": ["@x//:x.py", "//b:b"]}}, WHOLE_TARGET),
        ({"attributes": {"srcs": [], "tags": []}}, WHOLE_TARGET),
        ({"attributes": {"$rule_implementation_hash": ["x"]}}, WHOLE_TARGET),
        ({"attributes": {"tags": []}}, WHOLE_TARGET),
        ({"ruleClass": "py_binary"}, WHOLE_TARGET),
        ({"attributes": {"visibility": []}}, WHOLE_TARGET),
        ({"attributes": {"visibility": ["//c:__pkg__"]}}, WHOLE_TARGET),
        ({"attributes": {"srcs": [], "visibility": []}}, WHOLE_TARGET),
    ],
)
def test_changed_rule(changes: dict[str, Any], attributes: Attributes) -> None:
    """Attributes, class, implementation and a narrower visibility are compared; changed lists of files are named."""
    assert changed(**changes) == {"//a:a": attributes}


@pytest.mark.parametrize("wider", [["//b:__pkg__", "//c:__pkg__"], ["//visibility:public"]])
def test_wider_visibility(wider: list[str]) -> None:
    """A target that becomes visible to more packages does not change."""
    assert changed(attributes={"visibility": wider}) == {}


def test_new_rule() -> None:
    """A new target is changed, a deleted one is not."""
    target = defined()
    assert graph.changed_targets({}, target) == {"//a:a": WHOLE_TARGET}
    assert graph.changed_targets(target, {}) == {}


def test_cached_graph_is_equal() -> None:
    """A graph that was serialised and read again has no changed targets."""
    targets = defined()
    cached = graph.load(graph.dump(targets))
    assert graph.changed_targets(cached, targets) == graph.changed_targets(targets, cached) == {}


def test_only_rules_of_this_repository() -> None:
    """Rules of other repositories and files are left out."""
    output = [
        {"type": "RULE", "rule": rule()},
        {"type": "RULE", "rule": rule(name="@pip//idna:pkg")},
        {"type": "SOURCE_FILE", "sourceFile": {"name": "//a:a.py"}},
    ]
    assert list(graph.rules(output)) == ["//a:a"]


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
    """The kinds of a target depend on its rule, not on its name."""
    assert Target(label=label, rule=rule_class).kinds == kinds


def test_package_of_a_label() -> None:
    """The path of the root package is empty."""
    assert [graph.package_of(label) for label in ("//a/b:c", "//:c")] == ["a/b", ""]

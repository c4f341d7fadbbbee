"""Edges that propagate a change, and the paths that are found."""

from typing import Any

import pytest

from tools.affected.edges import NO_FILTER, WHOLE_TARGET, Attributes, DependencyGraph

LABELS = ("deps", "srcs", "data")


def rule(name: str, *others: str, kind: str = "r", starlark: bool = True, **named: str) -> dict[str, Any]:
    """Return a rule as Bazel prints it; `others` are dependencies of aspects or of attributes that are not printed."""
    attributes: list[dict[str, Any]] = [
        {"name": attribute, "type": "LABEL_LIST", "stringListValue": value.split()}
        for attribute, value in named.items()
        if attribute != "unread"
    ]
    if "unread" in named:
        attributes.append({"name": "$affected_unseen", "stringListValue": named["unread"].split()})
    if starlark:
        attributes.append({"name": "$rule_implementation_hash", "stringValue": "0"})
    dependencies = sorted({label for attribute in LABELS for label in named.get(attribute, "").split()})
    return {
        "type": "RULE",
        "rule": {"name": name, "ruleClass": kind, "attribute": attributes, "ruleInput": [*others, *dependencies]},
    }


OUTPUT = [
    rule("//:lib", "//:mode.txt", deps="//:base @x//:x //:alias", srcs="//:lib.py //:gen.py", data="//:text"),
    rule("//:base", srcs="//:base.py", data="//:image @y//:y"),
    rule("//:image", srcs="//:layer.tar"),
    rule("//:gen", srcs="//:gen.in"),
    {"type": "GENERATED_FILE", "generatedFile": {"name": "//:gen.py", "generatingRule": "//:gen"}},
    rule("@x//:x", srcs="@x//:x.py", data="//:given"),
    rule("//:alias", "//:far", kind="alias", starlark=False),
    rule("//:far", data="//:far.txt"),
    rule("//:own", deps="//:far2"),
    rule("//:wheels", "//:tool", deps="//:lib", srcs="//:listed.py", unread="srcs data"),
    rule("//:types", "//:tool", deps="//:lib", unread="data"),
    rule("//:plain", deps="//:lib"),
]
WHEELS, TYPES, PLAIN = "//:wheels", "//:types", "//:plain"
ALL = {WHEELS, TYPES, PLAIN}


def rdeps(*seeds: str, entries: list[dict[str, Any]] = OUTPUT) -> list[dict[str, Any]]:
    """Return the seeds and their reverse dependencies, as a query does."""
    dependencies = DependencyGraph(entries).dependencies
    found = set(seeds)
    while more := {label for label, below in dependencies.items() if found & set(below)} - found:
        found |= more
    return [entry for entry in entries if next(value for key, value in entry.items() if key != "type")["name"] in found]


def affected(seed: str, *replacements: dict[str, Any], changed: Attributes = WHOLE_TARGET) -> set[str]:
    """Return which of the three rules a seed affects."""
    replaced = {entry["rule"]["name"] for entry in replacements}
    others = [entry for entry in OUTPUT if entry.get("rule", {}).get("name") not in replaced]
    nodes = DependencyGraph(rdeps(seed, entries=[*others, *replacements])).search({seed: changed})
    return {label for label, edge_filter in nodes if edge_filter == NO_FILTER} & ALL


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        ("//:lib.py", {TYPES, PLAIN}),
        ("//:base.py", {TYPES, PLAIN}),
        ("//:gen.in", {TYPES, PLAIN}),
        ("//:text", {PLAIN}),
        ("//:layer.tar", {PLAIN}),
        ("@y//:y", {PLAIN}),
        ("//:far.txt", {PLAIN}),
        ("//:lib", ALL),
        ("//:base", ALL),
        ("//:far", ALL),
        ("@x//:x", ALL),
        ("@x//:x.py", ALL),
        ("//:given", ALL),
        ("//:mode.txt", ALL),
        ("//:tool", {WHEELS, TYPES}),
        ("//:listed.py", {WHEELS}),
    ],
)
def test_only_declared_attributes_are_filtered(seed: str, expected: set[str]) -> None:
    """Definitions, other repositories, other attributes and the rule's own inputs always propagate."""
    assert affected(seed) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({"srcs"}, {TYPES, PLAIN}), ({"data"}, {PLAIN}), ({"srcs", "data"}, {TYPES, PLAIN}), (WHOLE_TARGET, ALL)],
)
def test_changed_list_of_files(changed: set[str], expected: set[str]) -> None:
    """A changed list of files does not affect rules that do not read the list."""
    assert affected("//:base", changed=frozenset(changed)) == expected


@pytest.mark.parametrize(("seed", "expected"), [("@y//:y", ALL), ("//:image", ALL), ("//:layer.tar", {PLAIN})])
def test_changed_definition_is_not_filtered(seed: str, expected: set[str]) -> None:
    """A changed definition propagates by every attribute: other repositories may be below it than before."""
    redefined = [seed] if not seed.endswith(".tar") else []
    nodes = DependencyGraph(rdeps(seed)).search({seed: WHOLE_TARGET}, redefined=redefined)
    assert {label for label, edge_filter in nodes if edge_filter == NO_FILTER} & ALL == expected


def test_two_edges_to_one_dependency() -> None:
    """A dependency that a rule references by another attribute too is not filtered."""
    assert affected("//:lib.py", rule(WHEELS, "//:lib", deps="//:lib", unread="srcs data")) == ALL
    assert affected("//:text", rule("//:lib", srcs="//:text", data="//:text")) == {TYPES, PLAIN}
    assert affected("//:text", rule("//:lib", deps="//:text", data="//:text")) == ALL


def test_custom_rule_named_alias() -> None:
    """A Starlark rule with the name `alias` may read its dependencies."""
    assert affected("//:far.txt", rule("//:alias", "//:far", kind="alias")) == ALL


def test_attribute_of_another_type() -> None:
    """A dependency by an attribute of another type is not filtered."""
    odd = rule("//:lib", "//:lib.py", "//:base")
    odd["rule"]["attribute"].append({"name": "srcs", "type": "LABEL_KEYED_STRING_DICT"})
    assert affected("//:lib.py", odd) == ALL


def test_label_without_an_edge_is_a_seed() -> None:
    """A label in the output to which no edge from a seed leads is affected, with its reverse dependencies."""
    nodes = DependencyGraph(rdeps("//:text")).search({"//:nowhere": WHOLE_TARGET})
    assert {label for label, _ in nodes} >= ALL


def test_path_has_no_filtered_edge() -> None:
    """Of two seeds at the same distance, the path begins at the one that the rule reads."""
    nodes = DependencyGraph(rdeps("//:text", "//:base")).search({"//:text": WHOLE_TARGET, "//:base": WHOLE_TARGET})
    path = [(WHEELS, NO_FILTER)]
    while (predecessor := nodes[path[-1]]) is not None:
        path.append(predecessor)
    assert [label for label, _ in path] == [WHEELS, "//:lib", "//:base"]

"""Which edges a change passes, and which way is told."""

from typing import Any

import pytest

from tools.affected.ways import WHOLE, View, Ways

LABELS = ("deps", "srcs", "data")


def rule(name: str, *others: str, kind: str = "r", starlark: bool = True, **named: str) -> dict[str, Any]:
    """Say a rule as Bazel does; `others` are taken by its aspects, or by attributes that a query does not print."""
    attributes: list[dict[str, Any]] = [
        {"name": attribute, "type": "LABEL_LIST", "stringListValue": value.split()}
        for attribute, value in named.items()
        if attribute != "unseen"
    ]
    if "unseen" in named:
        attributes.append({"name": "$affected_unseen", "stringListValue": named["unseen"].split()})
    if starlark:
        attributes.append({"name": "$rule_implementation_hash", "stringValue": "0"})
    taken = sorted({label for attribute in LABELS for label in named.get(attribute, "").split()})
    return {
        "type": "RULE",
        "rule": {"name": name, "ruleClass": kind, "attribute": attributes, "ruleInput": [*others, *taken]},
    }


ANSWER = [
    rule("//:lib", "//:mode.txt", deps="//:base @x//:x //:alias", srcs="//:lib.py //:gen.py", data="//:text"),
    rule("//:base", srcs="//:base.py", data="//:image @y//:y"),
    rule("//:image", srcs="//:layer.tar"),
    rule("//:gen", srcs="//:gen.in"),
    {"type": "GENERATED_FILE", "generatedFile": {"name": "//:gen.py", "generatingRule": "//:gen"}},
    rule("@x//:x", srcs="@x//:x.py", data="//:given"),
    rule("//:alias", "//:far", kind="alias", starlark=False),
    rule("//:far", data="//:far.txt"),
    rule("//:own", deps="//:far2"),
    rule("//:wheels", "//:tool", deps="//:lib", srcs="//:listed.py", unseen="srcs data"),
    rule("//:types", "//:tool", deps="//:lib", unseen="data"),
    rule("//:plain", deps="//:lib"),
]
WHEELS, TYPES, PLAIN = "//:wheels", "//:types", "//:plain"
SIEVES = {WHEELS, TYPES, PLAIN}


def answer(*seeds: str, given: list[dict[str, Any]] = ANSWER) -> list[dict[str, Any]]:
    """Return what Bazel answers with: the seeds and whatever takes them."""
    takes = Ways(given).takes
    above = set(seeds)
    while more := {label for label, taken in takes.items() if above & set(taken)} - above:
        above |= more
    return [entry for entry in given if next(value for key, value in entry.items() if key != "type")["name"] in above]


def ends(seed: str, *instead: dict[str, Any], part: View = WHOLE) -> set[str]:
    """Return who of the three is reached from a seed that differs whole or in part."""
    replaced = {entry["rule"]["name"] for entry in instead}
    given = [entry for entry in ANSWER if entry.get("rule", {}).get("name") not in replaced]
    hops = Ways(answer(seed, given=[*given, *instead])).hops({seed: part})
    return {label for label, view in hops if view == WHOLE} & SIEVES


@pytest.mark.parametrize(
    ("seed", "reached"),
    [
        ("//:lib.py", {TYPES, PLAIN}),
        ("//:base.py", {TYPES, PLAIN}),
        ("//:gen.in", {TYPES, PLAIN}),
        ("//:text", {PLAIN}),
        ("//:layer.tar", {PLAIN}),
        ("@y//:y", {PLAIN}),
        ("//:far.txt", {PLAIN}),
        ("//:lib", SIEVES),
        ("//:base", SIEVES),
        ("//:far", SIEVES),
        ("@x//:x", SIEVES),
        ("@x//:x.py", SIEVES),
        ("//:given", SIEVES),
        ("//:mode.txt", SIEVES),
        ("//:tool", {WHEELS, TYPES}),
        ("//:listed.py", {WHEELS}),
    ],
)
def test_statement_hides_what_it_names_and_nothing_else(seed: str, reached: set[str]) -> None:
    """Definitions, other repositories, other attributes and the rule's own inputs are always seen."""
    assert ends(seed) == reached


@pytest.mark.parametrize(
    ("part", "reached"),
    [({"srcs"}, {TYPES, PLAIN}), ({"data"}, {PLAIN}), ({"srcs", "data"}, {TYPES, PLAIN}), (WHOLE, SIEVES)],
)
def test_definition_that_differs_in_part(part: set[str], reached: set[str]) -> None:
    """A list that gained a file is the same to whoever does not read the list."""
    assert ends("//:base", part=frozenset(part)) == reached


@pytest.mark.parametrize(("seed", "reached"), [("@y//:y", SIEVES), ("//:image", SIEVES), ("//:layer.tar", {PLAIN})])
def test_another_definition_is_seen_by_all(seed: str, reached: set[str]) -> None:
    """Whoever takes it by whatever attribute: it may bring repositories, whose names programs carry."""
    hops = Ways(answer(seed)).hops({seed: WHOLE}, defined=[seed] if not seed.endswith(".tar") else [])
    assert {label for label, view in hops if view == WHOLE} & SIEVES == reached


def test_taken_in_two_ways_is_seen() -> None:
    """What a rule walks through and reads by another attribute too is looked at whole."""
    assert ends("//:lib.py", rule(WHEELS, "//:lib", deps="//:lib", unseen="srcs data")) == SIEVES
    assert ends("//:text", rule("//:lib", srcs="//:text", data="//:text")) == {TYPES, PLAIN}
    assert ends("//:text", rule("//:lib", deps="//:text", data="//:text")) == SIEVES


def test_named_like_an_alias() -> None:
    """A rule of somebody's own that is called alias may read what it takes."""
    assert ends("//:far.txt", rule("//:alias", "//:far", kind="alias")) == SIEVES


def test_attribute_of_another_kind_is_seen() -> None:
    """What cannot be told from the answer counts as seen."""
    odd = rule("//:lib", "//:lib.py", "//:base")
    odd["rule"]["attribute"].append({"name": "srcs", "type": "LABEL_KEYED_STRING_DICT"})
    assert ends("//:lib.py", odd) == SIEVES


def test_answer_without_an_edge_is_a_seed() -> None:
    """What Bazel knows to depend in another way stays, with all that takes it."""
    assert {label for label, _ in Ways(answer("//:text")).hops({"//:nowhere": WHOLE})} >= SIEVES


def test_way_is_one_that_is_looked_down() -> None:
    """Of two changes the one that a rule sees is told, though the other is as near."""
    hops = Ways(answer("//:text", "//:base")).hops({"//:text": WHOLE, "//:base": WHOLE})
    way = [(WHEELS, WHOLE)]
    while (before := hops[way[-1]]) is not None:
        way.append(before)
    assert [label for label, _ in way] == [WHEELS, "//:lib", "//:base"]

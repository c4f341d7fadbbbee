"""A contract stays readable in both directions; each rule with a change that keeps it and one that breaks it."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tools.events.compatibility import compare_files, findings, main
from tools.events.contracts import sample_text, schema_text
from tools.events.tests.shop_events import OrderPlaced

Json = dict[str, Any]
Change = Callable[[Json, Json], object]
"""Changes a schema; its second argument is the schema of the data."""

SCHEMA: Json = json.loads(schema_text(OrderPlaced))


def _changed(change: Change) -> Json:
    schema = copy.deepcopy(SCHEMA)
    change(schema, schema["$defs"]["OrderData"])
    return schema


def _require(_: Json, data: Json) -> None:
    data["properties"]["author"] = {"type": "string"}
    data["required"].append("author")


def _version_two(schema: Json, data: Json) -> None:
    schema["properties"]["dataversion"] = {"enum": [1, 2], "type": "integer"}
    data["required"] = []


def _version_two_alone(schema: Json, _: Json) -> None:
    schema["properties"]["dataversion"] = {"const": 2, "type": "integer"}


@pytest.mark.parametrize(
    "change",
    [
        lambda _, data: data["properties"].update(author={"type": "string", "default": ""}),
        lambda _, data: data["properties"].pop("gift"),
        lambda _, data: data.update(description="Other words."),
        _version_two,
    ],
    ids=["an optional member more", "an optional member less", "a description", "a declared new version"],
)
def test_these_changes_are_compatible(change: Change) -> None:
    """After a compatible change, old and new consumers can read old and new events."""
    assert list(findings(SCHEMA, _changed(change))) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_require, "/data/author: is required, and stored events have none: give it a default"),
        (
            lambda _, data: data["required"].remove("note"),
            "/data/note: is not always present any more, and consumers rely on it",
        ),
        (lambda _, data: data["properties"]["gift"].update(type="string"), "/data/gift: has another schema"),
        (lambda _, data: data["properties"]["note"].update(maxLength=9), "/data/note: has another schema"),
        (lambda _, data: data.update(additionalProperties=False), "/data: has another schema"),
        (lambda schema, _: schema["properties"]["subject"].update(maxLength=999), "/subject: has another schema"),
        (_version_two_alone, "version 1 cannot be read any more, and such events are stored"),
    ],
)
def test_these_changes_are_breaking(change: Change, reason: str) -> None:
    """Each breaking change is one finding with its location and remedy."""
    [found] = findings(SCHEMA, _changed(change))
    assert found.startswith(reason)


def test_the_rules_agree_with_what_a_reader_of_the_schema_does() -> None:
    """A new event without the member fails the old schema, and a stored one without the new member the new schema."""
    event = json.loads(sample_text(OrderPlaced))
    assert Draft202012Validator(SCHEMA).is_valid(event)
    assert not Draft202012Validator(_changed(_require)).is_valid(event)
    del event["data"]["note"]
    assert not Draft202012Validator(SCHEMA).is_valid(event)


def test_a_version_only_grows() -> None:
    """A version must not decrease, because such events would be read as old stored events."""
    assert "dataversion went from 2 to 1: it only grows" in list(findings(_changed(_version_two), SCHEMA))


def test_samples_and_events_stay() -> None:
    """A changed or deleted sample and a deleted event are findings; new files are none."""
    contract, sample = "services/shop/events/order.placed.json", "services/shop/events/samples/order.placed.1.json"
    old = {contract: json.dumps(SCHEMA), sample: "{}"}
    assert list(compare_files(old, {**old, "services/shop/events/order.sent.json": "{}"})) == []
    assert list(compare_files({}, old)) == []
    assert list(compare_files(old, {**old, sample: '{"a": 1}'})) == [
        f"{sample}: a sample represents stored events, so it must not be changed or deleted"
    ]
    assert len(list(compare_files(old, {}))) == 2


def test_the_command_compares_with_the_merge_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not committed yet counts; an unknown branch is one sentence."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    for name, value in (("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")):
        monkeypatch.setenv(name, value)
    file = tmp_path / "services/shop/events/order.placed.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(SCHEMA))
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*who, "commit", "-q", "-m", "a"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    assert main([]) == 0
    file.write_text(json.dumps(_changed(_require)))
    assert main([]) == 1
    assert "services/shop/events/order.placed.json: /data/author: is required" in capsys.readouterr().err
    assert main(["--since", "gone"]) == 1
    assert capsys.readouterr().err.startswith("events: gone is no revision of this repository: ")

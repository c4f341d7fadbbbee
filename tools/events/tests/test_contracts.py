"""The files of contracts are written from the models, and samples are read by them."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import ConfigDict

from libs.events.event import Event, EventData
from tools.events.contracts import EventClass, contract_errors, event_classes, main, write
from tools.events.tests import shop_events
from tools.events.tests.shop_events import OrderChanged, OrderData, OrderPlaced

EVENTS: list[EventClass] = [OrderChanged, OrderPlaced]


class NoteData(OrderData):
    """With a member that stored events do not have."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "fragile", "author": "Ada"}]})

    author: str


class OrderPlacedByAuthor(Event[NoteData]):
    """The same event after an incompatible change."""

    source: Literal["shop"] = "shop"
    type: Literal["order.placed"] = "order.placed"
    dataversion: Literal[1] = 1


class WrongExampleData(NoteData):
    """Its example lacks a member."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "fragile"}]})


class WrongExample(Event[WrongExampleData]):
    """Its example is not valid."""

    source: Literal["shop"] = "shop"
    type: Literal["order.lost"] = "order.lost"
    dataversion: Literal[1] = 1


class WithoutExample(Event[EventData]):
    """Its data has no example."""

    source: Literal["shop"] = "shop"
    type: Literal["order.lost"] = "order.lost"
    dataversion: Literal[1] = 1


def _json(file: Path) -> Any:  # noqa: ANN401  # of a JSON document
    return json.loads(file.read_text())


def test_events_are_found_by_their_base() -> None:
    """Events are subclasses of the base class; the base class and models of data are not events."""
    assert event_classes(shop_events) == EVENTS


def test_what_was_written_is_up_to_date(tmp_path: Path) -> None:
    """A schema for each event and a sample for each version; the second time nothing is written."""
    assert sorted(write(tmp_path, EVENTS)) == [
        "order.changed.json",
        "order.placed.json",
        "samples/order.changed.2.json",
        "samples/order.placed.1.json",
    ]
    assert write(tmp_path, EVENTS) == []
    assert list(contract_errors(tmp_path, "shop", EVENTS)) == []
    assert {"id", "source", "specversion", "type"} <= set(_json(tmp_path / "order.placed.json")["required"])
    assert _json(tmp_path / "samples/order.placed.1.json")["data"] == {"note": "fragile", "gift": False}


def test_a_changed_model_makes_the_schema_differ(tmp_path: Path) -> None:
    """So does a missing file, and one without a model, which `write` deletes."""
    write(tmp_path, EVENTS)
    (tmp_path / "order.placed.json").write_text("{}")
    (tmp_path / "samples/order.changed.2.json").unlink()
    (tmp_path / "order.gone.json").write_text("{}")
    assert sorted(contract_errors(tmp_path, "shop", EVENTS)) == [
        "order.gone.json has no model",
        "order.placed.json differs from the model",
        "samples/order.changed.2.json does not exist",
    ]
    write(tmp_path, EVENTS)
    assert list(contract_errors(tmp_path, "shop", EVENTS)) == []
    assert not (tmp_path / "order.gone.json").exists()


def test_a_stored_event_has_to_be_readable(tmp_path: Path) -> None:
    """Writing the files again does not help: a sample that exists stays."""
    write(tmp_path, [OrderPlaced])
    write(tmp_path, [OrderPlacedByAuthor])
    [error] = contract_errors(tmp_path, "shop", [OrderPlacedByAuthor])
    assert error.startswith(
        "samples/order.placed.1.json cannot be read by OrderPlacedByAuthor: data.author: Field required"
    )


def test_an_event_of_another_service_is_refused(tmp_path: Path) -> None:
    """An event of another service is refused, because its subjects belong to that service."""
    write(tmp_path, [OrderPlaced])
    assert list(contract_errors(tmp_path, "post", [OrderPlaced])) == ["OrderPlaced: source is shop, expected post"]


def test_data_needs_an_example(tmp_path: Path) -> None:
    """Data without an example is an error, because the sample is made from the example."""
    with pytest.raises(ValueError, match="has no example: add model_config"):
        write(tmp_path, [WithoutExample])
    with pytest.raises(ValueError, match=r"^the first example of WrongExample is not valid: data\.author: Field"):
        write(tmp_path, [WrongExample])


def test_the_command_names_the_command_that_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check fails until the files are written."""
    monkeypatch.setattr("importlib.import_module", lambda _: shop_events)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "shop"]) == 1
    assert "Write the files by `bazel run //services/shop:events.write`" in capsys.readouterr().err
    assert main(["write", "shop"]) == 1
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    assert main(["write", "shop"]) == 0
    assert main(["check", "shop"]) == 0

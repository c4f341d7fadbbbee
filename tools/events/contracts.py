"""Write the contracts of a service's events, or check that they are up to date.

A contract is the JSON Schema of an event, `services/<owner>/events/<type>.json`, made from its model in
`services/<owner>/events.py`. Beside it, `samples/<type>.<dataversion>.json` is an event as it was stored when that
version was new. A sample is never written again: today's models have to read it.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import ValidationError

from libs.events.event import Attributes, Event, constant, newest_version

EventClass = type[Event[Any]]

_OPTIONAL = ("traceparent",)
_SAMPLE_ID = "00000000-0000-4000-8000-000000000000"
_SAMPLE_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def event_classes(module: ModuleType) -> list[EventClass]:
    """Return the events that a module defines, by their types."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Event)
        and value.__module__ == module.__name__
        # Event[SomeData], the base of an event, counts as defined there too.
        and not value.__pydantic_generic_metadata__["args"]
    ]
    return sorted(found, key=lambda event: constant(event, "type"))


def schema_text(event: EventClass) -> str:
    """Return the JSON Schema of an event as the text of its file."""
    schema = event.model_json_schema()
    # The library writes every attribute, so that a reader may rely on them.
    attributes = [name for name in Attributes.model_fields if name not in _OPTIONAL]
    schema["required"] = sorted({*schema["required"], *attributes})
    return _text({"$schema": Draft202012Validator.META_SCHEMA["$id"], **schema})


def sample_text(event: EventClass) -> str:
    """Return an event with the first example of its data as the text of its file.

    Raises:
        ValueError: the data has no example, or one that is not valid.
    """
    data = event.model_fields["data"].annotation
    examples = getattr(data, "model_config", {}).get("json_schema_extra", {}).get("examples", ())
    if not examples:
        raise ValueError(
            f'{data} has no example: add model_config = ConfigDict(json_schema_extra={{"examples": [{{...}}]}})'
        )
    attributes = {"id": _SAMPLE_ID, "time": _SAMPLE_TIME, "subject": "example", "aggregateversion": 1}
    try:
        sample = event.model_validate({**attributes, "data": examples[0]})
    except ValidationError as error:
        raise ValueError(f"the first example of {event.__name__} is not valid: {_reasons(error)}") from error
    return _text(sample.model_dump(mode="json", exclude_none=True))


def contract_files(events: Sequence[EventClass]) -> dict[str, str]:
    """Return the texts of all files by their names in the folder `events`."""
    files = {f"{constant(event, 'type')}.json": schema_text(event) for event in events}
    return files | {_sample_name(event): sample_text(event) for event in events}


def write(folder: Path, events: Sequence[EventClass]) -> list[str]:
    """Write the files, but for samples that exist, and delete schemas of events that are gone; return their names."""
    changed = []
    for name, text in contract_files(events).items():
        file = folder / name
        exists = file.exists()
        if exists and (file.parent != folder or file.read_text(encoding="utf-8") == text):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        changed.append(name)
    for name in _unknown(folder, events):
        (folder / name).unlink()
        changed.append(name)
    return changed


def contract_errors(folder: Path, service: str, events: Sequence[EventClass]) -> Iterator[str]:
    """Yield what is wrong with the files of a service's events, each as one sentence."""
    for event in events:
        if constant(event, "source") != service:
            yield f"{event.__name__}: source is {constant(event, 'source')}, expected {service}"
    for name, text in contract_files(events).items():
        file = folder / name
        if not file.exists():
            yield f"{name} does not exist"
        elif file.parent == folder and file.read_text(encoding="utf-8") != text:
            yield f"{name} differs from the model"
    yield from (f"{name} has no model" for name in _unknown(folder, events))
    by_type = {constant(event, "type"): event for event in events}
    for file in sorted(folder.glob("samples/*.json")):
        yield from _sample_errors(file, by_type)


def _sample_errors(file: Path, events: Mapping[str, EventClass]) -> Iterator[str]:
    """Yield why today's consumer cannot read a stored event."""
    sample = json.loads(file.read_text(encoding="utf-8"))
    event = events.get(sample["type"])
    if event is None:
        return
    try:
        event.model_validate(sample)
    except ValidationError as error:
        yield (
            f"samples/{file.name} cannot be read by {event.__name__}: {_reasons(error)}. Events like it are "
            "stored: give the new member a default, or accept both versions"
        )
        return
    if sample["dataversion"] == newest_version(event):
        schema = json.loads(schema_text(event))
        yield from (
            f"samples/{file.name}: {error.message}" for error in Draft202012Validator(schema).iter_errors(sample)
        )


def _reasons(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())


def _sample_name(event: EventClass) -> str:
    return f"samples/{constant(event, 'type')}.{newest_version(event)}.json"


def _unknown(folder: Path, events: Sequence[EventClass]) -> list[str]:
    known = {f"{constant(event, 'type')}.json" for event in events}
    return sorted(file.name for file in folder.glob("*.json") if file.name not in known)


def _text(document: object) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Run `write SERVICE` or `check SERVICE` and return the exit code."""
    command, service = arguments[:2]
    if len(arguments) > 2:
        sys.stderr.write(f"events: this takes no arguments, and got {' '.join(arguments[2:])}\n")
        return 2
    events = event_classes(importlib.import_module(f"services.{service}.events"))
    folder = Path("services", service, "events")
    try:
        if command == "write":
            return _write(folder, events)
        found = list(contract_errors(folder, service, events))
    except ValueError as error:
        found = [str(error)]
    for each in found:
        sys.stderr.write(f"services/{service}/events: {each}\n")
    if found:
        sys.stderr.write(f"Write the files by `bazel run //services/{service}:events.write`\n")
    return 1 if found else 0


def _write(folder: Path, events: Sequence[EventClass]) -> int:
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        sys.stderr.write("events: run this by `bazel run`, which names the source tree\n")
        return 1
    for name in write(Path(workspace) / folder, events) or ["no file: all are up to date"]:
        sys.stderr.write(f"events: {folder / name if name.endswith('.json') else name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Write the AsyncAPI 3 document of a service from the contracts of its events."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_CONTENT_TYPE = "application/cloudevents+json"


def document(service: str, schemas: Mapping[str, Json]) -> Json:
    """Return the document: a channel, a message and a `send` operation for each event, by its type."""
    messages = {_name(kind): _message(kind, schema) for kind, schema in schemas.items()}
    channels = {
        _name(kind): {
            "address": f"events.{service}.{kind}",
            "messages": {_name(kind): {"$ref": f"#/components/messages/{_name(kind)}"}},
        }
        for kind in schemas
    }
    operations = {
        f"send_{_name(kind)}": {"action": "send", "channel": {"$ref": f"#/channels/{_name(kind)}"}} for kind in schemas
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": service, "version": "1.0.0", "description": f"The events of {service}, on NATS JetStream."},
        "defaultContentType": _CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _message(kind: str, schema: Json) -> Json:
    return {
        "name": kind,
        "title": schema["title"],
        "summary": schema.get("description", ""),
        "contentType": _CONTENT_TYPE,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": _inlined(schema, schema),
        },
    }


def _inlined(value: object, root: Json) -> Any:  # noqa: ANN401  # any part of a JSON document
    """Return a schema with its definitions in place, since references would be resolved in the whole document."""
    if isinstance(value, dict):
        if "$ref" in value:
            name = value["$ref"].removeprefix("#/$defs/")
            return _inlined(root["$defs"][name], root)
        return {name: _inlined(each, root) for name, each in value.items() if name not in {"$defs", "$schema"}}
    return [_inlined(each, root) for each in value] if isinstance(value, list) else value


def _name(kind: str) -> str:
    return kind.replace(".", "_")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="asyncapi", description=__doc__)
    parser.add_argument("--service", required=True, help="name of the service")
    parser.add_argument("--output", required=True, type=Path, help="the document")
    parser.add_argument("schemas", nargs="*", type=Path, help="contracts of its events")
    options = parser.parse_args(arguments)
    schemas = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(options.schemas)}
    text = json.dumps(document(options.service, schemas), indent=2, ensure_ascii=False)
    options.output.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

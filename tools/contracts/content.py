"""Compare the media types of two bodies."""

from collections.abc import Iterator

from tools.contracts.checks import PARAMETER, REQUEST_BODY, RESPONSE_BODY, Finding, Location, finding
from tools.contracts.documents import Node
from tools.contracts.schemas import SchemaComparison
from tools.contracts.shapes import as_text


def content_findings(old: Node, new: Node, schemas: SchemaComparison, *, place: Location) -> Iterator[Finding]:
    """Yield the differences in the `content` of a parameter, a body or a header."""
    before, after = _media_types(old), _media_types(new)
    names = {PARAMETER.name: "request-body", REQUEST_BODY.name: "request-body"}
    name = names.get(place.name, "response")
    for media_type, node in before.items():
        if media_type not in after:
            yield finding(f"{name}-media-type-removed", node.pointer, f"{media_type} is gone")
    for media_type, node in after.items():
        if media_type not in before:
            yield finding(f"{name}-media-type-added", node.pointer, f"{media_type} is new")
            continue
        yield from _changes(before[media_type], node, schemas, place)


def _changes(old: Node, new: Node, schemas: SchemaComparison, place: Location) -> Iterator[Finding]:
    body = REQUEST_BODY.name if place.direction is REQUEST_BODY.direction else RESPONSE_BODY.name
    before, after = old.child("schema"), new.child("schema")
    if (before is None) != (after is None):
        verb = "added" if after else "removed"
        yield finding(f"{body}-media-type-schema-{verb}", (after or before or new).pointer, f"the schema was {verb}")
    elif before is not None and after is not None:
        yield from schemas.compare((before,), (after,), place)
    one, other = old.child("encoding"), new.child("encoding")
    if (as_text(one) if one else "") != (as_text(other) if other else ""):
        yield finding(f"{body}-encoding-changed", (other or one or new).pointer, "the encoding of parts changed")


def _media_types(node: Node) -> dict[str, Node]:
    return {name.lower().replace(" ", ""): each for name, each in node.objects("content").items()}

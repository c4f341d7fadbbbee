"""Compare the responses of two operations."""

from collections.abc import Iterator

from tools.contracts.checks import RESPONSE_BODY, RESPONSE_HEADER, Finding, finding
from tools.contracts.content import content_findings
from tools.contracts.documents import Node
from tools.contracts.schemas import SchemaComparison


def response_findings(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Finding]:
    """Yield the differences between the responses of two operations.

    An error status that only one of them has is compared with the other one's response for all errors.
    """
    before, after = _responses(old), _responses(new)
    for status, response in before.items():
        if status not in after:
            yield finding(f"response-{_kind(status)}-removed", response.pointer, f"status {status} is gone")
            if not _is_success(status) and "default" in after:
                yield from _bodies(response, after["default"], schemas)
    for status, response in after.items():
        if status in before:
            yield from content_findings(before[status], response, schemas, place=RESPONSE_BODY)
            yield from _headers(before[status], response, schemas)
            continue
        yield finding(f"response-{_kind(status)}-added", response.pointer, f"status {status} is new")
        if not _is_success(status) and "default" in before:
            yield from _bodies(before["default"], response, schemas)


def _responses(operation: Node) -> dict[str, Node]:
    return {status: node.resolved() for status, node in operation.objects("responses").items()}


def _bodies(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Finding]:
    """Compare the bodies of errors that clients do not distinguish."""
    if old.child("content"):
        yield from content_findings(old, new, schemas, place=RESPONSE_BODY)


def _is_success(status: str) -> bool:
    return status.startswith("2")


def _kind(status: str) -> str:
    return "success-status" if _is_success(status) else "non-success-status"


def _headers(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Finding]:
    before, after = _by_name(old), _by_name(new)
    for name, header in before.items():
        if name not in after:
            kind = "required" if header.flag("required") else "optional"
            yield finding(f"{kind}-response-header-removed", header.pointer, f"header {name!r} is gone")
    for name, header in after.items():
        if name not in before:
            yield finding("response-header-added", header.pointer, f"header {name!r} is new")
            continue
        was, now = before[name].flag("required"), header.flag("required")
        if was != now:
            verb = "required" if now else "optional"
            yield finding(f"response-header-became-{verb}", header.pointer, f"header {name!r} became {verb}")
        schema = [(each,) if (each := node.child("schema")) else () for node in (before[name], header)]
        yield from schemas.compare(schema[0], schema[1], RESPONSE_HEADER)
        yield from content_findings(before[name], header, schemas, place=RESPONSE_HEADER)


def _by_name(response: Node) -> dict[str, Node]:
    return {name.lower(): node.resolved() for name, node in response.objects("headers").items()}

"""Compare two contracts, and find the changes that can break clients of the old one."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tools.contracts.checks import REQUEST_BODY, Finding, finding
from tools.contracts.content import content_findings
from tools.contracts.documents import Document, Node, operations
from tools.contracts.errors import ContractError
from tools.contracts.parameters import Parameters, parameter_findings
from tools.contracts.responses import response_findings
from tools.contracts.schemas import SchemaComparison
from tools.contracts.security import security_findings
from tools.contracts.shapes import as_text

_Key = tuple[str, str]
_Operation = tuple[str, Node, Node]


def compare(old: Document, new: Document) -> list[Finding]:
    """Return every relevant difference, by operation. Raises ContractError for an invalid document.

    Descriptions, titles, examples and the order of keys and alternatives are ignored.
    """
    try:
        return list(dict.fromkeys(_findings(old, new)))
    except RecursionError as error:
        raise ContractError(f"{new.name}: is nested too deeply to compare") from error


def _findings(old: Document, new: Document) -> Iterator[Finding]:
    before, after = _by_key(old), _by_key(new)
    schemas = SchemaComparison()
    paths = {key[1] for key in after}
    for key, (path, _, operation) in before.items():
        if key not in after:
            yield replace(_removed(operation, has_path=key[1] in paths), operation=f"{key[0].upper()} {path}")
    for key, (path, item, operation) in after.items():
        name = f"{key[0].upper()} {path}"
        if key not in before:
            yield replace(finding("endpoint-added", operation.pointer, "there is a new operation"), operation=name)
            continue
        for found in _changes(before[key], (path, item, operation), schemas):
            yield replace(found, operation=name)
    yield from _webhooks(old.root, new.root)


def _by_key(document: Document) -> dict[_Key, _Operation]:
    """Return the operations by method and path, with the names of path parameters removed."""
    found: dict[_Key, _Operation] = {}
    for path, method, item, operation in operations(document):
        key = (method, re.sub(r"\{[^}]*\}", "{}", path))
        if key in found:
            raise ContractError(f"{document.name}: {path} and {found[key][0]} are the same path")
        found[key] = (path, item, operation)
    return found


def _removed(operation: Node, *, has_path: bool) -> Finding:
    if operation.flag("deprecated"):
        return finding("api-removed-with-deprecation", operation.pointer, "the deprecated operation is gone")
    check = "api-removed-without-deprecation" if has_path else "api-path-removed-without-deprecation"
    return finding(check, operation.pointer, "the operation is gone")


def _changes(old: _Operation, new: _Operation, schemas: SchemaComparison) -> Iterator[Finding]:
    before, after = old[2], new[2]
    yield from _names(before, after)
    yield from parameter_findings(Parameters(*old), Parameters(*new), schemas)
    yield from _request_bodies(before, after, schemas)
    yield from response_findings(before, after, schemas)
    yield from security_findings(before, after)
    one, other = before.child("callbacks"), after.child("callbacks")
    if (as_text(one) if one else "") != (as_text(other) if other else ""):
        yield finding("api-callbacks-changed", (other or one or after).pointer, "the callbacks changed")


def _names(old: Node, new: Node) -> Iterator[Finding]:
    before, after = old.string("operationId"), new.string("operationId")
    if before is None and after is not None:
        yield finding("api-operation-id-added", new.pointer, f"the operation id is {after!r}")
    elif before != after:
        # The name of the method in generated clients.
        yield finding("api-operation-id-removed", f"{new.pointer}/operationId", f"{before!r} became {after!r}")
    if old.flag("deprecated") != new.flag("deprecated"):
        check = "endpoint-deprecated" if new.flag("deprecated") else "endpoint-reactivated"
        yield finding(check, new.pointer, check.replace("-", " "))


def _request_bodies(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Finding]:
    before, after = old.child("requestBody"), new.child("requestBody")
    if before is None and after is None:
        return
    if before is None and after is not None:
        kind = "required" if after.resolved().flag("required") else "optional"
        yield finding(f"request-body-added-{kind}", after.pointer, f"there is a body, which is {kind}")
    elif before is not None and after is None:
        yield finding("request-body-removed", before.pointer, "the body is gone")
    elif before is not None and after is not None:
        before, after = before.resolved(), after.resolved()
        if before.flag("required") != after.flag("required"):
            verb = "required" if after.flag("required") else "optional"
            yield finding(f"request-body-became-{verb}", after.pointer, f"the body became {verb}")
        yield from content_findings(before, after, schemas, place=REQUEST_BODY)


def _webhooks(old: Node, new: Node) -> Iterator[Finding]:
    before, after = old.objects("webhooks"), new.objects("webhooks")
    for name, node in before.items():
        if name not in after:
            yield finding("webhook-removed", node.pointer, f"webhook {name!r} is gone")
        elif as_text(node) != as_text(after[name]):
            yield finding("webhook-changed", after[name].pointer, f"webhook {name!r} changed")
    for name, node in after.items():
        if name not in before:
            yield finding("webhook-added", node.pointer, f"webhook {name!r} is new")

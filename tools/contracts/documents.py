"""Read OpenAPI 3.1 documents, and walk through them with the place of each value."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tools.contracts.errors import ContractError

MAX_BYTES = 16 * 1024 * 1024
"""Largest document that is read."""

_MAX_REFERENCES = 100
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


@dataclass(frozen=True, eq=False)
class Document:
    """An OpenAPI document; `name` is how errors call it."""

    name: str
    value: Mapping[str, Any]

    @property
    def root(self) -> "Node":
        """The whole document."""
        return Node(self, "#", self.value)

    @property
    def version(self) -> tuple[int, int, int]:
        """The version of the contract, `info.version`; raises ContractError."""
        info = self.root.child("info")
        version = info.child("version") if info else None
        found = _VERSION.fullmatch(version.value) if version and isinstance(version.value, str) else None
        if not found:
            raise ContractError(f"{self.name}: #/info/version is not a semantic version such as 1.2.3")
        return int(found[1]), int(found[2]), int(found[3])

    def find(self, reference: str, *, used_at: str) -> "Node":
        """Return what a `$ref` names; raises ContractError."""
        if not reference.startswith("#/"):
            raise ContractError(f"{self.name}: {used_at}: $ref {reference!r} leads out of the document")
        value: Any = self.value
        for step in unquote(reference[2:]).split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            elif isinstance(value, Mapping) and key in value:
                value = value[key]
            else:
                raise ContractError(f"{self.name}: {used_at}: $ref {reference!r} names nothing in the document")
        return Node(self, unquote(reference), value)


@dataclass(frozen=True, eq=False)
class Node:
    """A value of a document with its JSON pointer."""

    document: Document
    pointer: str
    value: Any

    def child(self, key: str) -> "Node | None":
        """Return the value of a key, None where there is none; raises ContractError if this is no object."""
        value = self._mapping()
        return self._below(key, value[key]) if key in value else None

    def members(self) -> dict[str, "Node"]:
        """Return the values by key; raises ContractError if this is no object."""
        return {key: self._below(key, each) for key, each in self._mapping().items()}

    def entries(self) -> list["Node"]:
        """Return the values of a list; raises ContractError if this is none."""
        if not isinstance(self.value, list):
            raise self.invalid("a list")
        return [self._below(str(index), each) for index, each in enumerate(self.value)]

    def objects(self, key: str) -> dict[str, "Node"]:
        """Return the members of the object that a key names, without extensions; empty where there is none."""
        found = self.child(key)
        return {name: node for name, node in found.members().items() if not name.startswith("x-")} if found else {}

    def list_of(self, key: str) -> list["Node"]:
        """Return the entries of the list that a key names; empty where there is none."""
        found = self.child(key)
        return found.entries() if found else []

    def flag(self, key: str) -> bool:
        """Return whether a key is true."""
        found = self.child(key)
        return found is not None and found.value is True

    def string(self, key: str) -> str | None:
        """Return the text of a key; raises ContractError if it is no text."""
        found = self.child(key)
        if found is None:
            return None
        if not isinstance(found.value, str):
            raise found.invalid("a string")
        return found.value

    def reference(self) -> "Node | None":
        """Return what the `$ref` of this object names, None where it has none."""
        found = self.string("$ref")
        return None if found is None else self.document.find(found, used_at=self.pointer)

    def resolved(self) -> "Node":
        """Follow `$ref` to an object that has none."""
        node = self
        for _ in range(_MAX_REFERENCES):
            target = node.reference()
            if target is None:
                return node
            node = target
        raise ContractError(f"{self.document.name}: {self.pointer}: the chain of $ref has no end")

    def invalid(self, expected: str) -> ContractError:
        """Return the error for a value of another kind."""
        return ContractError(f"{self.document.name}: {self.pointer} is not {expected}")

    def _mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, Mapping):
            raise self.invalid("an object")
        return self.value

    def _below(self, key: str, value: Any) -> "Node":  # noqa: ANN401 - any JSON value
        return Node(self.document, f"{self.pointer}/{key.replace('~', '~0').replace('/', '~1')}", value)


def parse(data: bytes, *, name: str) -> Document:
    """Read a document; raises ContractError for what is no OpenAPI 3.1."""
    if len(data) > MAX_BYTES:
        raise ContractError(f"{name}: has {len(data)} bytes; contracts have at most {MAX_BYTES}")
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ContractError(f"{name}: is nested too deeply") from error
    except ValueError as error:
        raise ContractError(f"{name}: is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ContractError(f"{name}: is not a JSON object")
    if "swagger" in value:
        raise ContractError(f"{name}: is Swagger {value['swagger']}; only OpenAPI 3.1 is compared")
    version = value.get("openapi")
    if not isinstance(version, str) or not version.startswith("3.1."):
        said = f"is OpenAPI {version}" if isinstance(version, str) else "has no version in `openapi`"
        raise ContractError(f"{name}: {said}; only OpenAPI 3.1 is compared")
    return Document(name, value)


def operations(document: Document) -> Iterator[tuple[str, str, Node, Node]]:
    """Yield path, method, path item and operation of each operation."""
    for path, written in document.root.objects("paths").items():
        item = written.resolved()
        for method in ("get", "put", "post", "delete", "options", "head", "patch", "trace"):
            operation = item.child(method)
            if operation is not None:
                yield path, method, item, operation


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")

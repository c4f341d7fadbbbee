"""Check requests and responses against a contract, for fakes of services in tests."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

import httpx2
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from libs.api_client.contents import FORM, is_json, media_type_of

Json = dict[str, Any]

_URI = "urn:contract"
_METHODS = {"delete", "get", "head", "options", "patch", "post", "put", "trace"}
# OpenAPI has these headers described elsewhere.
_IGNORED_HEADERS = {"accept", "authorization", "content-type"}
_FORMATS = FormatChecker()


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_FORMATS.checks("date-time", raises=ValueError)(_is_date_time)


@dataclass(frozen=True, slots=True)
class ContractOperation:
    """An operation of a contract; `definition` is its part of the document."""

    id: str
    method: str
    path: str
    definition: Json

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path parameters if the operation has this method and path, which is percent-encoded."""
        templates, segments = self.path.split("/"), path.split("/")
        if method != self.method or len(templates) != len(segments):
            return None
        values: dict[str, str] = {}
        for template, segment in zip(templates, segments, strict=True):
            pattern = re.sub(r"\\\{.+?\\\}", "(.+)", re.escape(template))
            found = re.fullmatch(pattern, unquote(segment), flags=re.DOTALL)
            if found is None:
                return None
            values |= zip(re.findall(r"\{(.+?)\}", template), found.groups(), strict=True)
        return values


class Contract:
    """A contract that requests and responses are checked against; each fault is one sentence."""

    def __init__(self, document: Json) -> None:
        self._document = _absolute(document)
        self._registry: Registry[Any] = Registry().with_resource(_URI, DRAFT202012.create_resource(self._document))
        self.operations = {
            definition["operationId"]: ContractOperation(
                definition["operationId"],
                method.upper(),
                path,
                {**definition, "parameters": [*item.get("parameters", []), *definition.get("parameters", [])]},
            )
            for path, item in self._document["paths"].items()
            for method, definition in item.items()
            if method in _METHODS
        }

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the contract in a file."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def find(self, request: httpx2.Request) -> tuple[ContractOperation, dict[str, str]] | None:
        """Return the operation of a request and its path parameters. A path without parameters comes first."""
        path = request.url.raw_path.decode().partition("?")[0]
        for operation in sorted(self.operations.values(), key=lambda each: each.path.count("{")):
            if (values := operation.match(request.method, path)) is not None:
                return operation, values
        return None

    def request_faults(
        self, operation: ContractOperation, request: httpx2.Request, path: Mapping[str, str]
    ) -> list[str]:
        """Return what the contract does not allow of a request whose content has been read."""
        query: dict[str, list[str]] = {}
        for name, value in request.url.params.multi_items():
            query.setdefault(name, []).append(value)
        values = {("path", name): [value] for name, value in path.items()}
        values |= {("query", name): each for name, each in query.items()}
        values |= {("header", name.lower()): [value] for name, value in request.headers.items()}
        return [*self._parameter_faults(operation, values), *self._request_body_faults(operation, request)]

    def response_faults(self, operation: ContractOperation, response: httpx2.Response) -> list[str]:
        """Return what the contract does not allow of a response."""
        described = self.response(operation, response.status_code)
        if described is None:
            return [f"the contract has no status {response.status_code}"]
        return [*self._header_faults(described, response), *self._response_body_faults(described, response)]

    def response(self, operation: ContractOperation, status: int) -> Json | None:
        """Return the contract's description of the response with a status, or None."""
        responses = operation.definition["responses"]
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in responses:
                return self._resolve(responses[key])
        return None

    def _resolve(self, part: Json) -> Json:
        while "$ref" in part:
            part = self._registry.resolver().lookup(part["$ref"]).contents
        return part

    def _faults(self, schema: Json, value: object) -> list[str]:
        validator = Draft202012Validator(schema, registry=self._registry, format_checker=_FORMATS)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def _parameter_faults(
        self, operation: ContractOperation, values: Mapping[tuple[str, str], list[str]]
    ) -> Iterator[str]:
        known = set()
        for reference in operation.definition["parameters"]:
            parameter = self._resolve(reference)
            place, name = parameter["in"], parameter["name"]
            key = (place, name.lower() if place == "header" else name)
            known.add(key)
            if place == "header" and key[1] in _IGNORED_HEADERS:
                continue
            if key not in values:
                if parameter.get("required"):
                    yield f"the {place} parameter {name} is missing"
            elif faults := self._text_faults(parameter["schema"], values[key]):
                yield f"the {place} parameter {name} is not valid: {faults[0]}"
        yield from (
            f"the contract has no {place} parameter {name}"
            for place, name in values
            if place == "query" and (place, name) not in known
        )

    def _text_faults(self, schema: Json, texts: Sequence[str]) -> list[str]:
        return self._faults(schema, self._value(schema, texts))

    def _value(self, schema: Json, texts: Sequence[str]) -> object:
        """Return the value of a parameter or a field of a form, from the texts that were sent by its name."""
        resolved = self._resolve(schema)
        if resolved.get("type") == "array":
            return [self._reading(resolved.get("items", {}), each) for each in texts]
        return self._reading(schema, texts[0]) if len(texts) == 1 else list(texts)

    def _reading(self, schema: Json, text: str) -> object:
        """Return the value that a text has by its schema; the text itself if there is none."""
        readings = [text, *_scalars(text)]
        return next((each for each in readings if not self._faults(schema, each)), readings[-1])

    def _request_body_faults(self, operation: ContractOperation, request: httpx2.Request) -> list[str]:
        described = self._resolve(operation.definition.get("requestBody", {}))
        if not request.content and not described.get("required"):
            return []
        if not described:
            return ["the contract has no request body"]
        return self._content_faults(described["content"], request.headers, request.content)

    def _header_faults(self, described: Json, response: httpx2.Response) -> Iterator[str]:
        for name, reference in described.get("headers", {}).items():
            header = self._resolve(reference)
            if name not in response.headers:
                if header.get("required"):
                    yield f"the header {name} is missing"
            elif faults := self._text_faults(header.get("schema", {}), [response.headers[name]]):
                yield f"the header {name} is not valid: {faults[0]}"

    def _response_body_faults(self, described: Json, response: httpx2.Response) -> list[str]:
        if not described.get("content"):
            return ["the contract has no content with this status"] if response.content else []
        return self._content_faults(described["content"], response.headers, response.content)

    def _content_faults(self, described: Json, headers: httpx2.Headers, content: bytes) -> list[str]:
        found = media_type_of(headers.get("Content-Type", ""))
        by_type = {media_type_of(name): media for name, media in described.items()}
        if found not in by_type:
            return [f"the content type is {found or 'missing'}, not {' or '.join(by_type)}"]
        schema = by_type[found].get("schema", {})
        if is_json(found):
            try:
                value = json.loads(content)
            except ValueError as error:
                return [f"the content is not JSON: {error}"]
            return [f"the content is not valid: {fault}" for fault in self._faults(schema, value)]
        if found == FORM:
            fields = self._form(schema, httpx2.QueryParams(content.decode()))
            return [f"the form is not valid: {fault}" for fault in self._faults(schema, fields)]
        return []

    def _form(self, schema: Json, sent: httpx2.QueryParams) -> Json:
        properties = self._resolve(schema).get("properties", {})
        return {name: self._value(properties.get(name, {}), sent.get_list(name)) for name in sent}


def _scalars(text: str) -> list[object]:
    if text in {"true", "false"}:
        return [text == "true"]
    for kind in (int, float):
        try:
            return [kind(text)]
        except ValueError:
            continue
    return []


def _absolute(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return a part of the document whose references name the contract, so that they resolve in every schema."""
    if isinstance(value, dict):
        is_reference = isinstance(value.get("$ref"), str) and value["$ref"].startswith("#")
        changed = {"$ref": _URI + value["$ref"]} if is_reference else {}
        return {name: _absolute(each) for name, each in value.items()} | changed
    return [_absolute(each) for each in value] if isinstance(value, list) else value

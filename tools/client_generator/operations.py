"""The operations of a contract, with the names and types that they have in Python."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.client_generator.errors import ContractError
from tools.client_generator.names import class_name, header_attribute, snake_case
from tools.client_generator.schemas import hoist, python_type

Json = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Names that the code of a method uses itself.
_TAKEN = {"arguments", "body", "response", "self"}
# A method of this name would hide the type in the annotations of its class.
_TYPE_NAMES = {"bool", "bytes", "datetime", "dict", "float", "int", "list", "models", "object", "str", "uuid"}
_PLACES = ("path", "query", "header")
# OpenAPI has these headers described elsewhere.
_IGNORED_HEADERS = {"accept", "authorization", "content-type"}
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of an operation; `name` is the contract's and `python_name` the method's."""

    name: str
    python_name: str
    place: str
    type: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The content of a request or of responses with a status."""

    media_type: str
    type: str
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header of successful responses."""

    name: str
    attribute: str
    type: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation; `responses` has the content by status, None without content."""

    id: str
    python_name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: dict[str, Body | None]
    headers: tuple[Header, ...]

    def placed(self, place: str) -> list[Parameter]:
        """Return the parameters of the path, the query or the headers."""
        return [each for each in self.parameters if each.place == place]

    @property
    def result(self) -> str:
        """The type of what the method returns: the contents of all successful responses."""
        types = {body.type if body else "None" for status, body in self.responses.items() if status[0] == "2"}
        return " | ".join(sorted(types, key=lambda each: (each == "None", each)))

    @property
    def details_name(self) -> str:
        """The name of the method that returns the status and headers too."""
        return f"{self.python_name.rstrip('_')}_response"

    @property
    def has_details(self) -> bool:
        """Whether a second method returns the status and headers too."""
        return bool(self.headers) or sum(status[0] == "2" for status in self.responses) > 1


def read_operations(document: Json) -> list[Operation]:
    """Return the operations in the order of their ids. Objects that have no name are moved to the schemas.

    Raises:
        ContractError: an operation has a part that the client cannot express.
    """
    found = [
        _Reader(document, method=method, path=path, item=item).read()
        for path, item in document.get("paths", {}).items()
        for method in _METHODS
        if method in item
    ]
    names = Counter(name for each in found for name in _method_names(each))
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise ContractError("#/paths", f"more than one operation gives the method {twice[0]}; rename one")
    return sorted(found, key=lambda each: each.python_name)


def _method_names(operation: Operation) -> list[str]:
    return [operation.python_name, *([operation.details_name] if operation.has_details else [])]


class _Reader:
    def __init__(self, document: Json, *, method: str, path: str, item: Json) -> None:
        self._document = document
        self._method = method
        self._path = path
        self._item = item
        self._operation = item[method]
        self._place = f"{method.upper()} {path}"

    def read(self) -> Operation:
        operation = self._operation
        if not operation.get("operationId"):
            raise ContractError(self._place, "it has no operationId, which names the client's method")
        if not self._path.startswith("/") or self._path.startswith("//"):
            raise ContractError(self._place, "the path does not begin with one slash")
        self._place = f"{self._place} ({operation['operationId']})"
        responses = {
            str(status): self._resolve(response) for status, response in sorted(operation["responses"].items())
        }
        name = snake_case(operation["operationId"])
        if not any(status.startswith("2") for status in responses):
            raise ContractError(self._place, "it has no successful response")
        return Operation(
            id=operation["operationId"],
            python_name=name + "_" if name in _TYPE_NAMES else name,
            method=self._method.upper(),
            path=self._path,
            parameters=tuple(self._parameters()),
            body=self._request_body(),
            responses={status: self._content(status, response) for status, response in responses.items()},
            headers=tuple(self._headers({s: each for s, each in responses.items() if s.startswith("2")})),
        )

    def _name(self, suffix: str) -> str:
        return class_name(snake_case(self._operation["operationId"])) + suffix

    def _resolve(self, part: Json) -> Json:
        if "$ref" not in part:
            return part
        found: Any = self._document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise ContractError(self._place, f"{part['$ref']} does not exist")
        return found

    def _type(self, schema: Json, name: str) -> str:
        schemas = self._document.setdefault("components", {}).setdefault("schemas", {})
        return python_type(hoist(schema, name, schemas), self._place)

    def _parameters(self) -> Iterator[Parameter]:
        described = [self._resolve(each) for each in self._item.get("parameters", [])]
        described += [self._resolve(each) for each in self._operation.get("parameters", [])]
        by_key = {(each["in"], each["name"]): each for each in described}
        # In the order of the path, so that positions have a meaning.
        keys = sorted(by_key, key=lambda key: self._path.find(f"{{{key[1]}}}") if key[0] == "path" else len(self._path))
        taken = set(_TAKEN)
        for place, name in keys:
            if place == "header" and name.lower() in _IGNORED_HEADERS:
                continue
            yield self._parameter(by_key[place, name], taken)
        named = {name for place, name in by_key if place == "path"}
        if missing := [part for part in self._path.split("{")[1:] if part.partition("}")[0] not in named]:
            raise ContractError(self._place, f"the path parameter {missing[0].partition('}')[0]} is not described")

    def _parameter(self, described: Json, taken: set[str]) -> Parameter:
        place, name = described["in"], described["name"]
        if place not in _PLACES:
            raise ContractError(self._place, f"the parameter {name} is in {place}; supported are {', '.join(_PLACES)}")
        if "schema" not in described:
            raise ContractError(self._place, f"the parameter {name} has no schema")
        is_form = (described.get("style", "form"), described.get("explode", True)) == ("form", True)
        if place == "query" and not is_form:
            raise ContractError(self._place, f"the query parameter {name} has a style other than form with explode")
        python_name = snake_case(name)
        while python_name in taken:
            python_name += "_"
        taken.add(python_name)
        type_ = self._type(described["schema"], self._name(class_name(name)))
        if self._is_structured(described["schema"], is_list_allowed=place == "query"):
            raise ContractError(self._place, f"the {place} parameter {name} is no single value")
        is_required = place == "path" or described.get("required", False)
        return Parameter(name=name, python_name=python_name, place=place, type=type_, is_required=is_required)

    def _is_structured(self, schema: Json, *, is_list_allowed: bool) -> bool:
        resolved = self._resolve(schema)
        if resolved.get("type") == "array":
            return not is_list_allowed or self._is_structured(resolved.get("items", {}), is_list_allowed=False)
        return resolved.get("type") == "object" or "properties" in resolved

    def _request_body(self) -> Body | None:
        if "requestBody" not in self._operation:
            return None
        described = self._resolve(self._operation["requestBody"])
        media_type, type_ = self._media(described["content"], self._name("Body"))
        return Body(media_type=media_type, type=type_, is_required=described.get("required", False))

    def _content(self, status: str, response: Json) -> Body | None:
        if not response.get("content"):
            return None
        media_type, type_ = self._media(response["content"], self._name(f"Content{class_name(status)}"))
        return Body(media_type=media_type, type=type_)

    def _media(self, content: Json, name: str) -> tuple[str, str]:
        if len(content) != 1:
            raise ContractError(self._place, f"a body has {len(content)} content types, {', '.join(content)}; use one")
        [(media_type, media)] = content.items()
        media_type = media_type.partition(";")[0].strip().lower()
        if media_type == "application/json" or media_type.endswith("+json") or media_type == _FORM:
            return media_type, self._type(media.get("schema", {}), name)
        if media_type.startswith("multipart/"):
            raise ContractError(self._place, f"a body is {media_type}; send the content itself, with parameters beside")
        return media_type, "str" if media_type.startswith("text/") else "bytes"

    def _headers(self, responses: Json) -> Iterator[Header]:
        described: dict[str, list[Json]] = {}
        for response in responses.values():
            for name, header in response.get("headers", {}).items():
                described.setdefault(name, []).append(self._resolve(header))
        for name, headers in described.items():
            is_required = len(headers) == len(responses) and all(each.get("required", False) for each in headers)
            attribute = header_attribute(name)
            attribute += "_" if attribute in {"body", "status"} else ""
            type_ = self._type(headers[0].get("schema", {"type": "string"}), self._name(class_name(name)))
            if type_ not in {"int", "float", "bool", "datetime.datetime", "datetime.date", "uuid.UUID"}:
                type_ = "str"
            yield Header(name=name, attribute=attribute, type=type_, is_required=is_required)

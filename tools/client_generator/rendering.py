"""The source text of a client, from its operations."""

from collections.abc import Iterator

from tools.client_generator.errors import ContractError
from tools.client_generator.names import class_name
from tools.client_generator.operations import Body, Header, Operation, Parameter

_PROBLEM = "application/problem+json"
_IMPORTS = {
    "datetime.": "import datetime",
    "uuid.": "import uuid",
    "@dataclass": "from dataclasses import dataclass",
    "Literal[": "from typing import Literal",
}
"""The imports that a module needs if this is in its text."""


def api_module(service: str, operations: list[Operation]) -> str:
    """Return the module with the client of the service and the result types of its methods."""
    code = "\n\n".join(
        [
            *(_details(each) for each in operations if each.has_details),
            _client(service, operations),
            "\n".join(_constant(each) for each in operations),
        ]
    )
    imports = [line for use, line in _IMPORTS.items() if use in code]
    head = [
        f'"""The client of {service}. Generated: edit the service and write its openapi.json again."""',
        "",
        "from __future__ import annotations",
        "",
        *([*imports, ""] if imports else []),
        "import httpx2",
        "",
        "from libs.api_client.caller import MAX_RESPONSE_BYTES, Arguments, Caller, Operation",
        "from libs.api_client.contents import Content",
        "",
        "from . import models",
    ]
    return "\n".join(head) + "\n\n\n" + code + "\n"


def package_module(service: str, operations: list[Operation], models: list[str]) -> str:
    """Return the package's `__init__.py`, which has all names that consumers import.

    Raises:
        ContractError: a schema has the name of another class.
    """
    details = [_details_name(each) for each in operations if each.has_details]
    names = sorted([_client_name(service), *details])
    if taken := sorted(set(names).intersection(models)):
        raise ContractError(f"#/components/schemas/{taken[0]}", "the client has a class of this name; rename it")
    lines = [
        f'"""The client of {service}, with the models of its contract. Generated."""',
        "",
        f"from .api import {', '.join(names)}",
        *([f"from .models import {', '.join(models)}"] if models else []),
        "",
        f"__all__ = {sorted([*names, *models])!r}",
    ]
    return "\n".join(lines) + "\n"


def fake_module(service: str) -> str:
    """Return the module with the fake of the service, for tests of its consumers."""
    return f'''"""A fake of {service} for tests of its consumers. Generated."""

from pathlib import Path

from libs.api_client.testing import FakeService


class Fake{class_name(service)}(FakeService):
    """Gives the responses that a test sets, if the contract of {service} allows them."""

    def __init__(self) -> None:
        super().__init__(Path(__file__).with_name("contract.json"))
'''


def _client_name(service: str) -> str:
    return f"{class_name(service)}Client"


def _details_name(operation: Operation) -> str:
    return f"{class_name(operation.python_name)}Response"


def _details(operation: Operation) -> str:
    lines = [
        "@dataclass(frozen=True, slots=True, kw_only=True)",
        f"class {_details_name(operation)}:",
        f'    """What {operation.python_name} returns, with its status and headers."""',
        "",
        "    status: int",
        f"    body: {operation.result}",
        *(f"    {each.attribute}: {_header_type(each)}" for each in operation.headers),
    ]
    return "\n".join(lines) + "\n"


def _header_type(header: Header) -> str:
    return header.type if header.is_required else f"{header.type} | None"


def _client(service: str, operations: list[Operation]) -> str:
    lines = [
        f"class {_client_name(service)}:",
        f'    """Calls {service} through an HTTP client whose base URL names the service."""',
        "",
        "    def __init__(self, http: httpx2.AsyncClient, *, max_response_bytes: int = MAX_RESPONSE_BYTES) -> None:",
        "        self._caller = Caller(http, max_response_bytes=max_response_bytes)",
    ]
    for operation in operations:
        lines += ["", *_method(operation)]
        if operation.has_details:
            lines += ["", *_details_method(operation)]
    return "\n".join(lines) + "\n"


def _method(operation: Operation) -> Iterator[str]:
    yield f"    async def {operation.python_name}({_signature(operation)}) -> {operation.result}:"
    yield f'        """{operation.method} {_quoted(operation.path)}."""'
    yield f"        arguments = {_arguments(operation)}"
    call = f"await self._caller.call({_constant_name(operation)}, arguments)"
    yield f"        {call}" if operation.result == "None" else f"        return ({call}).body"


def _details_method(operation: Operation) -> Iterator[str]:
    name = _details_name(operation)
    yield f"    async def {operation.details_name}({_signature(operation)}) -> {name}:"
    yield f'        """{operation.method} {_quoted(operation.path)}, with the status and headers of the response."""'
    yield f"        arguments = {_arguments(operation)}"
    yield f"        response = await self._caller.call({_constant_name(operation)}, arguments)"
    yield f"        return {name}("
    yield "            status=response.status,"
    # mypy reports an error if the value of a call that returns None is assigned.
    yield "            body=response.body,"
    for header in operation.headers:
        getter = "header" if header.is_required else "optional_header"
        yield f"            {header.attribute}=response.{getter}({header.name!r}, {header.type}),"
    yield "        )"


def _signature(operation: Operation) -> str:
    """Return the parameters: those of the path and the body by position, the others by name.

    Path parameters are positional, because renaming one is no breaking change of the HTTP API.
    """
    by_position = [f"{each.python_name}: {each.type}" for each in operation.placed("path")]
    if operation.body is not None:
        type_ = operation.body.type
        by_position.append(f"body: {type_}" if operation.body.is_required else f"body: {type_} | None = None")
    by_name = [_keyword(each) for each in operation.parameters if each.place != "path"]
    return ", ".join(["self", *by_position, "/", *(["*", *by_name] if by_name else [])])


def _keyword(parameter: Parameter) -> str:
    if parameter.is_required:
        return f"{parameter.python_name}: {parameter.type}"
    optional = parameter.type if parameter.type.endswith("None") else f"{parameter.type} | None"
    return f"{parameter.python_name}: {optional} = None"


def _arguments(operation: Operation) -> str:
    parts = []
    for argument, place in (("path", "path"), ("query", "query"), ("headers", "header")):
        if parameters := operation.placed(place):
            values = ", ".join(f"{each.name!r}: {each.python_name}" for each in parameters)
            parts.append(f"{argument}={{{values}}}")
    if operation.body is not None:
        parts.append("body=body")
    return f"Arguments({', '.join(parts)})"


def _constant_name(operation: Operation) -> str:
    return f"_{operation.python_name.upper()}"


def _constant(operation: Operation) -> str:
    """Return the constant that describes the operation. It follows the class, so its annotations are defined."""
    responses = {
        status: _content(body)
        for status, body in operation.responses.items()
        if status[0] == "2" or (body is not None and body.media_type != _PROBLEM)
    }
    lines = [
        f"{_constant_name(operation)}: Operation[{operation.result}] = Operation(",
        f"    name={operation.id!r},",
        f"    method={operation.method!r},",
        f"    path={operation.path!r},",
        *([f"    request={_content(operation.body)},"] if operation.body else []),
        f"    responses={{{', '.join(f'{status!r}: {content}' for status, content in responses.items())}}},",
        ")",
    ]
    return "\n".join(lines)


def _content(body: Body | None) -> str:
    return "None" if body is None else f"Content({body.media_type!r}, {body.type})"


def _quoted(path: str) -> str:
    """Escape a path for use in a docstring."""
    return path.replace("\\", "\\\\").replace('"', '\\"')

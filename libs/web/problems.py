"""Errors as RFC 9457 problem details: one table from exception class to answer.

The domain raises its own errors and does not depend on HTTP. A service passes `create_app` a table with the status for
each of its error classes; everything else (unknown path, wrong method, invalid payload, crash) is answered here in the
same form.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from libs.web.context import request_id
from libs.web.pagination import ForeignCursor

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("libs.web")


def _no_headers(_: Exception) -> Mapping[str, str]:
    return {}


def _no_members(_: Exception) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True)
class Problem:
    """How one class of error is answered.

    `kind` is the stable name a client may switch on; it becomes `urn:problem:<kind>`. With
    `detail` the client gets that sentence instead of the text of the error. `members` are further
    members of the document (RFC 9457, 3.2).
    """

    status: int
    kind: str
    title: str
    detail: str | None = None
    headers: Callable[[Any], Mapping[str, str]] = _no_headers
    members: Callable[[Any], Mapping[str, object]] = _no_members


ProblemTable = Mapping[type[Exception], Problem]
_LIBRARY_PROBLEMS: ProblemTable = {ForeignCursor: Problem(422, "foreign-cursor", "Cursor of another list")}
_LIBRARY_KINDS = ("invalid-request", "malformed-json", "not-ready")


def problem_types(table: ProblemTable) -> list[str]:
    """Return every `type` that the problems of a service with this table have."""
    kinds = {problem.kind for problem in (*_LIBRARY_PROBLEMS.values(), *table.values())}
    return ["about:blank", *(f"urn:problem:{kind}" for kind in sorted(kinds.union(_LIBRARY_KINDS)))]


class ProblemResponse(JSONResponse):
    """A problem details document."""

    media_type = MEDIA_TYPE


def problem_response(
    status: int,
    *,
    kind: str | None = None,
    title: str | None = None,
    detail: str | None = None,
    members: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document. Without a `kind` its type is `about:blank`, so only the status describes the error."""
    document: dict[str, object] = {
        "type": f"urn:problem:{kind}" if kind else "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
    }
    if detail:
        document["detail"] = detail
    if identifier := request_id():
        document["request_id"] = identifier
    return ProblemResponse(document | dict(members or {}), status_code=status, headers=dict(headers or {}))


def install(app: FastAPI, table: ProblemTable) -> None:
    """Answer every error of `app` as a problem; `table` has those of the service."""
    for error_class, problem in (*_LIBRARY_PROBLEMS.items(), *table.items()):
        app.add_exception_handler(error_class, _handler(problem))
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)


def _handler(problem: Problem) -> Callable[[Request, Exception], Response]:
    def handle(_: Request, error: Exception) -> Response:
        if problem.status >= 500:
            # The response states what the client can do; only the log has the reason.
            _log.error("not served", kind=problem.kind, reason=f"{type(error).__name__}: {error}")
        return problem_response(
            problem.status,
            kind=problem.kind,
            title=problem.title,
            detail=problem.detail or _sendable(str(error)),
            members=problem.members(error),
            headers=problem.headers(error),
        )

    return handle


def _on_http_exception(request: Request, error: Exception) -> Response:
    raised = cast("HTTPException", error)
    phrase = HTTPStatus(raised.status_code).phrase
    detail = raised.detail if raised.detail != phrase else None
    headers = raised.headers
    if raised.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": _allowed(request)}
    return problem_response(raised.status_code, detail=detail, headers=headers)


def _allowed(request: Request) -> str:
    """Return the methods of all routes of the path (RFC 9110, section 15.5.6). Where GET is allowed, HEAD is too."""
    methods = {
        method
        for route in iter_route_contexts(request.app.routes)
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _on_invalid_request(_: Request, error: Exception) -> Response:
    """Say where and why, never what: the rejected value may be a password or unprintable."""
    found = cast("RequestValidationError", error).errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem_response(400, kind="malformed-json", title="Malformed JSON", detail=_reason(found))
    return problem_response(
        422,
        kind="invalid-request",
        title="Invalid request",
        members={"errors": [_described(each) for each in found]},
    )


def _reason(found: Sequence[Any]) -> str:
    return _sendable(str(found[0].get("ctx", {}).get("error", "not a JSON document")))


def _described(error: Mapping[str, Any]) -> dict[str, object]:
    place, *rest = error["loc"]
    pointer = "".join(f"/{_escaped(str(step))}" for step in rest)
    return {"in": str(place), "pointer": pointer, "detail": _sendable(str(error["msg"]))}


def _escaped(step: str) -> str:
    """One reference token of RFC 6901."""
    return _sendable(step).replace("~", "~0").replace("/", "~1")


def _sendable(text: str) -> str:
    """`text` without what JSON in UTF-8 cannot carry, of bounded length."""
    return re.sub(r"[\x00-\x1f\ud800-\udfff]", "\ufffd", text)[:500]

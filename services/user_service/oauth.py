"""The HTTP format of OAuth: form parameters (RFC 6749 appendix B) and errors (section 5.2).

OAuth endpoints return errors in this format, not as problem details, because OAuth clients expect it.
"""

import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from libs.auth.errors import AuthError, InvalidCredentials, InvalidGrant, InvalidScope
from libs.web.openapi import CHALLENGE
from services.user_service.schemas.oauth import OAuthErrorView

FORM = "application/x-www-form-urlencoded"
_MAX_BYTES = 16 * 1024
_MAX_FIELDS = 16
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f]")


class OAuthError(Exception):
    """An invalid request; `code` is an error code of RFC 6749 section 5.2.

    The text is sent to the client. That section allows few characters in it, so it has no text of the request.
    """

    code = "invalid_request"


class UnsupportedGrant(OAuthError):
    """A grant that is not served here."""

    code = "unsupported_grant_type"


class UnsupportedToken(OAuthError):
    """A kind of token that cannot be revoked (RFC 7009 section 2.2.1)."""

    code = "unsupported_token_type"


class UnauthorizedClient(OAuthError):
    """A client that may not use this endpoint."""

    code = "unauthorized_client"


class Form:
    """The parameters of a request, each given once."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def get(self, name: str) -> str:
        """The parameter; an empty one is the same as none (RFC 6749 section 3.2)."""
        return self._fields.get(name, "")

    def need(self, name: str) -> str:
        """The parameter, which must be there."""
        if value := self.get(name):
            return value
        raise OAuthError(f"{name} is missing")


async def read_form(request: Request) -> Form:
    """Return the form in the body of the request; raise `OAuthError` if the body is no form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError(f"the body must be {FORM}")
    body = await request.body()
    if len(body) > _MAX_BYTES:
        raise OAuthError("the form is too long")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise OAuthError("the form cannot be read") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OAuthError("a parameter is given twice")
    if any(_UNSTORABLE.search(value) for value in fields.values()):
        raise OAuthError("a parameter holds control characters")
    return Form(fields)


def form_body(required: str, *optional: str) -> dict[str, Any]:
    """Return the description of a form for the OpenAPI document, for routes that call `read_form`."""
    properties = {name: {"type": "string"} for name in (required, *optional, "client_id", "client_secret")}
    schema = {"type": "object", "required": [required], "properties": properties}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


_CODES: Mapping[type[AuthError], str] = {
    InvalidCredentials: "invalid_client",
    InvalidScope: "invalid_scope",
    InvalidGrant: "invalid_grant",
}
_ERROR = {"description": "An error, as in RFC 6749 section 5.2.", "model": OAuthErrorView}
OAUTH_ERRORS: dict[int | str, dict[str, Any]] = {400: _ERROR, 401: _ERROR | {"headers": CHALLENGE}}


class OAuthRoute(APIRoute):
    """A route that returns errors in the format of OAuth. Give it to a router as `route_class`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors answered."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except OAuthError as error:
                response = _refusal(error.code, str(error))
            except tuple(_CODES) as error:
                response = _refusal(next(code for kind, code in _CODES.items() if isinstance(error, kind)))
            # In addition to no-store, which every response has (RFC 6749 section 5.1).
            response.headers["Pragma"] = "no-cache"
            return response

        return answer


def _refusal(code: str, description: str = "") -> Response:
    content = {"error": code} | ({"error_description": description} if description else {})
    if code == "invalid_client":
        return JSONResponse(content, 401, {"WWW-Authenticate": 'Basic realm="oauth"'})
    return JSONResponse(content, 400)

"""Tests of libs.auth.fastapi."""

import logging
from collections.abc import Callable
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response, WebSocket
from starlette.types import Message

from libs.auth.claims import Claims
from libs.auth.errors import KeyUnavailable, UnstatedPolicy
from libs.auth.fastapi import Authenticator, check_policies, public, requires
from libs.auth.signatures import KeyId, VerificationKey
from libs.auth.testing import AUDIENCE, ISSUER, TokenFactory
from libs.auth.tests.lifespans import authenticating
from libs.auth.verifier import Verifier

DOCUMENTATION = ["/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc"]
CanReadProducts = Annotated[Claims, requires("products:read")]
Headers = dict[str, str] | list[tuple[bytes, bytes]]
IsAdmin = Annotated[Claims, requires(role="admin")]


def new_app(factory: TokenFactory, authenticator: Authenticator | None = None) -> FastAPI:
    """Return an application with one route of each kind."""
    router = APIRouter()

    @router.get("/products")
    async def products(reader: CanReadProducts) -> str:
        return reader.subject

    @router.get("/admin")
    async def admin(caller: IsAdmin) -> str:
        return caller.subject

    @router.get("/", dependencies=[public()])
    async def root() -> str:
        return "hello"

    app = FastAPI(lifespan=authenticating(authenticator or Authenticator(factory.verifier)))
    app.include_router(router)
    return app


async def get(
    factory: TokenFactory, path: str, headers: Headers | None = None, *, app: FastAPI | None = None
) -> httpx2.Response:
    """Send one request, to a fresh application unless one is given."""
    app = app or new_app(factory)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        return await client.get(path, headers=headers)


async def test_a_token_with_the_scope_opens_the_route() -> None:
    """The handler receives the claims."""
    factory = TokenFactory()
    answer = await get(factory, "/products", factory.headers("user-7", scopes=["products:read"]))
    assert (answer.status_code, answer.json()) == (200, "user-7")


@pytest.mark.parametrize("path", ["/products", "/admin"])
async def test_a_token_without_the_right_is_403(path: str) -> None:
    """RFC 6750 calls it insufficient_scope, for a role as for a scope."""
    factory = TokenFactory()
    answer = await get(factory, path, factory.headers(scopes=["products:write"], roles=["support"]))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"].startswith('Bearer error="insufficient_scope"')


async def test_no_credentials_are_401_with_the_scheme_alone() -> None:
    """RFC 6750 section 3.1: a request without credentials gets no error code."""
    answer = await get(TokenFactory(), "/products")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "make",
    [
        lambda token: [token],
        lambda _: [b""],
        lambda _: [b"Bearer"],
        lambda _: [b"Bearer "],
        lambda _: [b"Bearer    "],
        lambda token: [b"Bearer  " + token],
        lambda token: [b"Bearer\t" + token],
        lambda token: [b"Bearer" + token],
        lambda token: [b"Bearer:" + token],
        lambda token: [b"Bearer " + token + b" "],
        lambda token: [b"Bearer " + token + b", Bearer " + token],
        lambda token: [b'Bearer token="' + token + b'"'],
        lambda token: [b"Basic " + token],
        lambda token: [b"DPoP " + token],
        lambda token: [b"Bearer " + token, b"Bearer " + token],
        lambda token: [b"Bearer " + token, b"Basic YTpi"],
        lambda token: [b"Bearer \xff" + token],
        lambda token: [b"Bearer " + token + b"\x00"],
        lambda _: [b"Bearer " + b"a" * 1_000_000],
    ],
)
async def test_an_odd_authorization_header_is_401(make: Callable[[bytes], list[bytes]]) -> None:
    """Exactly one header, one scheme, one space, one token."""
    factory = TokenFactory()
    token = factory.token(scopes=["products:read"]).encode()
    answer = await get(factory, "/products", [(b"Authorization", value) for value in make(token)])
    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate") == ['Bearer error="invalid_token"']
    assert answer.json() == {"detail": "A valid access token is required."}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    """RFC 9110 section 11.1."""
    factory = TokenFactory()
    answer = await get(factory, "/products", {"Authorization": f"{scheme} {factory.token(scopes=['products:read'])}"})
    assert answer.status_code == 200


async def test_a_token_in_the_query_is_not_looked_at() -> None:
    """Addresses end up in logs, so RFC 9700 section 4.3.2 forbids it."""
    factory = TokenFactory()
    token = factory.token(scopes=["products:read"])
    assert (await get(factory, f"/products?access_token={token}")).status_code == 401


class Suspended:
    """A token status that rejects some subjects."""

    def __init__(self, *subjects: str) -> None:
        self.subjects = subjects

    async def is_valid(self, claims: Claims) -> bool:
        """Look the subject up, as the issuer would in its database."""
        return claims.subject not in self.subjects


async def test_tokens_that_are_no_longer_valid_are_rejected_at_once() -> None:
    """A cached, correctly signed token gets 401 once the user is deleted, locked or has a new password."""
    factory = TokenFactory()
    token_status = Suspended()
    app = new_app(factory, Authenticator(factory.verifier, token_status=token_status))
    headers = factory.headers("user-7", scopes=["products:read"])
    assert (await get(factory, "/products", headers, app=app)).status_code == 200
    token_status.subjects = ("user-7",)
    answer = await get(factory, "/products", headers, app=app)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert (await get(factory, "/products", factory.headers("b", scopes=["products:read"]), app=app)).status_code == 200


class NoKeys:
    """A key source whose server cannot be reached."""

    def generation(self) -> int:
        """Say that nothing has changed."""
        return 0

    async def find(self, _: KeyId) -> VerificationKey | None:
        """Fail."""
        raise KeyUnavailable("https://auth.example.com/jwks.json")


async def test_without_keys_the_answer_is_503() -> None:
    """The fault is not the caller's, and the address of the key server is not the caller's business."""
    factory = TokenFactory()
    app = new_app(factory, Authenticator(Verifier(NoKeys(), issuer=ISSUER, audience=AUDIENCE, clock=factory.clock)))
    answer = await get(factory, "/products", factory.headers(), app=app)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "example.com" not in answer.text


async def test_a_refusal_leaves_neither_token_nor_reason_in_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the reason; neither the log nor the response has the token."""
    factory = TokenFactory()
    token = TokenFactory().token(scopes=["products:read"])
    with caplog.at_level(logging.DEBUG, logger="libs"):
        answer = await get(factory, "/products", {"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert "signature" in caplog.text
    for secret in (token, token.split(".")[2]):
        assert secret not in caplog.text + answer.text + str(answer.headers)


async def test_rejected_tokens_write_a_limited_number_of_lines(caplog: pytest.LogCaptureFixture) -> None:
    """After 60 lines in a minute, one line reports the limit; the next minute starts with the number of omissions."""
    factory = TokenFactory()
    app = new_app(factory, Authenticator(factory.verifier, clock=factory.clock))
    with caplog.at_level(logging.INFO, logger="libs.auth"):
        for _ in range(100):
            assert (await get(factory, "/products", {"Authorization": "Bearer x"}, app=app)).status_code == 401
        assert len(caplog.messages) == 61
        assert caplog.messages[-1] == "more rejected requests are not logged for 60 s"
        caplog.clear()
        factory.clock.advance(60)
        await get(factory, "/products", {"Authorization": "Bearer x"}, app=app)
    assert len(caplog.messages) == 2
    assert caplog.messages[0] == "40 rejected requests were not logged"


async def test_a_public_route_asks_nothing() -> None:
    """A request without a token is served."""
    assert (await get(TokenFactory(), "/")).status_code == 200


def test_stated_policies_pass() -> None:
    """An application whose every route states one is accepted."""
    check_policies(new_app(TokenFactory()), public_paths=DOCUMENTATION)


def test_a_route_without_a_policy_is_named() -> None:
    """Default deny: forgetting a policy stops the start, in an included router too."""
    app = new_app(TokenFactory())
    inner = APIRouter(prefix="/inner")

    @inner.delete("/forgotten/{key}")
    async def forgotten(key: str) -> str:
        return key

    outer = APIRouter(prefix="/outer")
    outer.include_router(inner)
    app.include_router(outer)
    with pytest.raises(UnstatedPolicy) as caught:
        check_policies(app, public_paths=DOCUMENTATION)
    assert caught.value.routes == ("DELETE /outer/inner/forgotten/{key}",)


def mounted(app: FastAPI) -> None:
    """Mount another application."""
    app.mount("/mounted", FastAPI(openapi_url=None))


def starlette_route(app: FastAPI) -> None:
    """Add a route of Starlette."""

    async def endpoint(_: Request) -> Response:
        return Response()

    app.router.add_route("/starlette", endpoint, methods=["GET"])


def socket(app: FastAPI) -> None:
    """Add a web socket."""

    @app.websocket("/socket")
    async def endpoint(_: WebSocket) -> None: ...


@pytest.mark.parametrize(
    ("add", "route"), [(mounted, "ANY /mounted"), (starlette_route, "GET/HEAD /starlette"), (socket, "ANY /socket")]
)
def test_routes_of_every_kind_are_checked(add: Callable[[FastAPI], None], route: str) -> None:
    """A route that cannot state a policy has to be listed as public by its path."""
    app = new_app(TokenFactory())
    add(app)
    with pytest.raises(UnstatedPolicy) as caught:
        check_policies(app, public_paths=DOCUMENTATION)
    assert caught.value.routes == (route,)
    check_policies(app, public_paths=[*DOCUMENTATION, route.split()[1]])


def test_a_policy_of_the_router_or_the_application_counts() -> None:
    """A policy may be stated once for many routes."""
    app = FastAPI(openapi_url=None, dependencies=[requires("products:read")])

    @app.get("/")
    async def root() -> None: ...

    check_policies(app)


def test_a_policy_given_where_a_router_is_included_does_not_count() -> None:
    """FastAPI reads the body before it comes to such a policy, so the route itself has to state one."""
    router = APIRouter()

    @router.post("/")
    async def root() -> None: ...

    app = FastAPI(openapi_url=None)
    app.include_router(router, dependencies=[requires("products:read")])
    with pytest.raises(UnstatedPolicy):
        check_policies(app)


async def shake_hands(app: FastAPI, headers: dict[str, str]) -> list[Message]:
    """Open a web socket at `/` and return what the application sends."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "extensions": {"websocket.http.response": {}},
    }
    await app(scope, receive, send)
    return sent


async def test_a_web_socket_states_and_enforces_a_policy() -> None:
    """Without a token the handshake is refused; with one the handler has the claims."""
    factory = TokenFactory()
    app = FastAPI(openapi_url=None, lifespan=authenticating(Authenticator(factory.verifier)))

    @app.websocket("/")
    async def endpoint(socket: WebSocket, reader: CanReadProducts) -> None:
        await socket.accept()
        await socket.send_text(reader.subject)

    check_policies(app)
    async with app.router.lifespan_context(app):
        assert (await shake_hands(app, {}))[0]["status"] == 401
        accepted = await shake_hands(app, factory.headers(scopes=["products:read"]))
    assert [message["type"] for message in accepted] == ["websocket.accept", "websocket.send"]
    assert accepted[1]["text"] == "user-1"


def test_a_policy_below_another_dependency_counts() -> None:
    """A dependency that requires claims is the policy of its routes."""
    app = FastAPI(openapi_url=None)

    async def reader(claims: CanReadProducts) -> str:
        return claims.subject

    async def name(subject: Annotated[str, Depends(reader)]) -> str:
        return subject

    @app.get("/")
    async def root(subject: Annotated[str, Depends(name)]) -> str:
        return subject

    check_policies(app)


def test_the_scheme_and_scopes_are_in_the_openapi_document() -> None:
    """The OpenAPI document has the scope that an operation needs."""
    document = new_app(TokenFactory()).openapi()
    assert document["paths"]["/products"]["get"]["security"] == [{"accessToken": ["products:read"]}]
    assert "security" not in document["paths"]["/"]["get"]
    assert document["components"]["securitySchemes"]["accessToken"]["scheme"] == "bearer"

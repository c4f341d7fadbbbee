"""Tests of libs.auth.fastapi."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from libs.auth.claims import Claims
from libs.auth.errors import UnstatedPolicy
from libs.auth.fastapi import Authenticator, check_policies, public, requires
from libs.auth.testing import TokenMint

DOCUMENTATION = ["/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc"]
CanReadProducts = Annotated[Claims, requires("products:read")]
IsAdmin = Annotated[Claims, requires(role="admin")]


def new_app(mint: TokenMint) -> FastAPI:
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

    app = FastAPI()
    app.include_router(router)
    Authenticator(mint.verifier).install(app)
    return app


async def get(mint: TokenMint, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """Send one request to a fresh application."""
    transport = httpx.ASGITransport(app=new_app(mint))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers=headers)


async def test_a_token_with_the_scope_opens_the_route() -> None:
    """The handler receives the claims."""
    mint = TokenMint()
    answer = await get(mint, "/products", mint.headers("user-7", scopes=["products:read"]))
    assert (answer.status_code, answer.json()) == (200, "user-7")


@pytest.mark.parametrize("path", ["/products", "/admin"])
async def test_a_token_without_the_right_is_403(path: str) -> None:
    """RFC 6750 calls it insufficient_scope, for a role as for a scope."""
    mint = TokenMint()
    answer = await get(mint, path, mint.headers(scopes=["products:write"], roles=["support"]))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"].startswith('Bearer error="insufficient_scope"')


async def test_no_credentials_are_401_with_the_scheme_alone() -> None:
    """RFC 6750 section 3.1 gives no error code to who tried nothing."""
    answer = await get(TokenMint(), "/products")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_public_route_asks_nothing() -> None:
    """Anybody gets in."""
    assert (await get(TokenMint(), "/")).status_code == 200


def test_stated_policies_pass() -> None:
    """An application whose every route states one is accepted."""
    check_policies(new_app(TokenMint()), public_paths=DOCUMENTATION)


def test_a_route_without_a_policy_is_named() -> None:
    """Default deny: forgetting a policy stops the start, in an included router too."""
    app = new_app(TokenMint())
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


def test_the_scheme_and_scopes_are_in_the_openapi_document() -> None:
    """A client generator sees which scope an operation needs."""
    document = new_app(TokenMint()).openapi()
    assert document["paths"]["/products"]["get"]["security"] == [{"accessToken": ["products:read"]}]
    assert "security" not in document["paths"]["/"]["get"]
    assert document["components"]["securitySchemes"]["accessToken"]["scheme"] == "bearer"

"""Dependencies that are called straight behave as FastAPI's own do, and the route still states them."""

from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Security
from fastapi.security import APIKeyHeader

from libs.web.strict import StrictModel, StrictRoute

calls: list[str] = []


class Body(StrictModel):
    """Something to send."""

    number: int


async def _inner(key: Annotated[str | None, Security(APIKeyHeader(name="x-who", auto_error=False))]) -> str:
    calls.append("inner")
    return key or ""


async def _who(who: Annotated[str, Depends(_inner)]) -> str:
    calls.append("who")
    if not who:
        raise HTTPException(401)
    return who


async def _asked(question: Annotated[str, Query()] = "none") -> str:
    return question


Who = Annotated[str, Depends(_who)]
Inner = Annotated[str, Depends(_inner)]


def _application(router_class: type[StrictRoute] | None) -> FastAPI:
    router = APIRouter(route_class=router_class) if router_class else APIRouter()

    @router.get("/plain/{number}")
    async def plain(number: int, who: Who, inner: Inner, request: Request) -> list[str]:
        return [str(number), who, inner, request.url.path]

    @router.post("/body", dependencies=[Depends(_inner)])
    async def body(body: Body, who: Who) -> list[str]:
        return [str(body.number), who]

    @router.get("/mixed")
    async def mixed(who: Who, asked: Annotated[str, Depends(_asked)]) -> list[str]:
        return [who, asked]

    app = FastAPI()
    app.router.routes.extend(router.routes)  # as `create_app` does
    return app


async def _ask(
    app: FastAPI, method: str, path: str, headers: dict[str, str], json: object
) -> tuple[int, str, list[str]]:
    calls.clear()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        answer = await client.request(method, path, headers=headers, json=json)
    return answer.status_code, answer.text, list(calls)


@pytest.mark.parametrize("headers", [{}, {"x-who": "ann"}], ids=["nobody", "somebody"])
@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("GET", "/plain/7", None),
        ("GET", "/plain/x", None),
        ("POST", "/body", {"number": 7}),
        ("POST", "/body", {"number": "x"}),
        ("GET", "/mixed?question=why", None),
    ],
)
async def test_the_answer_is_that_of_an_ordinary_route(
    method: str, path: str, json: object, headers: dict[str, str]
) -> None:
    """The same refusals first, the same values, each dependency called once."""
    straight = await _ask(_application(StrictRoute), method, path, headers, json)
    assert straight == await _ask(_application(None), method, path, headers, json)


def test_the_description_is_that_of_an_ordinary_route() -> None:
    """What a dependency states is on the route."""
    assert _application(StrictRoute).openapi() == _application(None).openapi()


async def test_who_may_not_call_has_no_body_read() -> None:
    """A body that is no JSON is nobody's business before that; FastAPI reads it first."""
    app = _application(StrictRoute)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post("/body", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 401

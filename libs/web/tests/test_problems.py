"""Every error is a problem document (RFC 9457), from the application and from frameworks."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from structlog.testing import capture_logs

from libs.web.settings import WebSettings
from libs.web.testing import running
from libs.web.tests.application import KettleError, TeapotError, application


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/teapot/", 404),
        ("POST", "/teapot", 405),
        ("GET", "/teapot", 418),
        ("GET", "/hot-teapot", 418),
        ("POST", "/echo", 415),
        ("GET", "/crash", 500),
    ],
)
async def test_every_error_has_one_form(method: str, path: str, status: int) -> None:
    """The document has type, title, status and the request id that the logs have."""
    async with running(application()) as client:
        answer = await client.request(method, path)
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert {"type", "title"} <= problem.keys()


async def test_the_domains_error_is_answered_by_the_table() -> None:
    """Kind, title and headers come from the table, the detail from the error, without what cannot be sent."""
    async with running(application()) as client:
        answer = await client.get("/hot-teapot")
    assert answer.headers["retry-after"] == "8"
    assert answer.json()["type"] == "urn:problem:teapot"
    assert answer.json()["detail"] == "short and stout\ufffd\ufffd"


async def test_the_reason_of_an_outage_is_logged_and_not_told() -> None:
    """Only operators need the reason, and it may name internal hosts."""
    async with running(application()) as client:
        with capture_logs() as lines:
            answer = await client.get("/kettle")
    assert answer.json()["detail"] == "Try again in a moment."
    assert "kettle-7" not in answer.text
    assert {"kind": "kettle", "reason": "KettleError: host kettle-7 refused"}.items() <= lines[0].items()


async def test_a_crash_says_nothing_of_itself() -> None:
    """The cause of a crash is in the log and not in the response."""
    async with running(application()) as client:
        answer = await client.get("/crash")
    assert "canary" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_an_application_may_have_handlers_of_its_own() -> None:
    """Handlers may be for a class or a status, sync or async; a handler that raises is answered as a crash."""

    async def on_kettle(_: Request, __: Exception) -> Response:
        return Response("gone", 503)

    app = application()
    app.add_exception_handler(404, lambda request, _: Response(request.url.path, 404))
    app.add_exception_handler(KettleError, on_kettle)
    app.add_exception_handler(TeapotError, lambda _, error: Response(str(error.handle)))
    async with running(app) as client:
        answers = [await client.get(path) for path in ("/nowhere", "/kettle", "/teapot")]
    assert [(answer.status_code, answer.text) for answer in answers[:2]] == [(404, "/nowhere"), (503, "gone")]
    assert (answers[2].status_code, answers[2].json()["type"]) == (500, "about:blank")


async def test_an_error_in_an_answer_under_way_ends_the_connection() -> None:
    """After the response has started, the error is logged and the server closes the connection."""

    async def chunks() -> AsyncIterator[str]:
        yield "half"
        raise TeapotError(7)

    app = application()
    app.add_api_route("/half", lambda: StreamingResponse(chunks()))
    async with running(app) as client:
        with capture_logs() as lines, pytest.raises(RuntimeError, match="response already started"):
            await client.get("/half")
    assert [line["event"] for line in lines] == ["request crashed"]


async def test_a_handler_that_takes_too_long_is_ended() -> None:
    """The client gets 503 when the time is up."""
    async with running(application(WebSettings(request_seconds=0.05))) as client:
        answer = await client.get("/slow")
    assert answer.status_code == 503


async def test_an_invalid_request_is_told_where_and_not_what() -> None:
    """Each place has a JSON pointer (RFC 6901); the refused value is not sent back."""
    body = {"name": ["canary-5e1f"], "a/b~c": "canary-5e1f", "password": 5}
    async with running(application()) as client:
        answer = await client.post("/echo", json=body)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/name", "/a~1b~0c", "/password"}
    assert "canary" not in answer.text


async def test_the_description_says_what_errors_are() -> None:
    """FastAPI's own form of errors is not in the document."""
    async with running(application(WebSettings(docs=True))) as client:
        answer = await client.get("/openapi.json")
    assert "HTTPValidationError" not in answer.text
    components, responses = answer.json()["components"], answer.json()["paths"]["/echo"]["post"]["responses"]
    assert set(components["schemas"]["Problem"]["required"]) == {"type", "title", "status"}
    assert responses.keys() == {"200", "503", "default"}
    assert responses["default"] == {"$ref": "#/components/responses/Problem"}
    assert components["responses"]["Problem"]["content"].keys() == {"application/problem+json"}


async def test_a_closed_connection_is_no_error() -> None:
    """A client that disconnects before its body has arrived is not answered and not logged as a crash."""
    app = application()
    async with running(app):
        transport = httpx2.ASGITransport(app, raise_app_exceptions=True)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.post("/echo", content=b"", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422

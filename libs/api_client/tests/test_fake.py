"""The fake of a service: it gives the responses that the test sets, if the contract allows them."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from pydantic import BaseModel

from libs.api_client.testing import Answer, ContractViolationError, FakeRequest, FakeService

CONTRACT = Path("libs/api_client/tests/items.json")
MADE = datetime(2026, 1, 2, tzinfo=UTC)


class Item(BaseModel):
    """A model as the generator writes it."""

    id: int
    made: datetime


@pytest.fixture
def fake() -> Iterator[FakeService]:
    """A fake of the service with items."""
    with FakeService(CONTRACT) as opened:
        yield opened


async def _request(fake: FakeService, method: str, path: str, **options: object) -> httpx2.Response:
    async with fake.http_client() as http:
        return await http.request(method, path, **options)  # type: ignore[arg-type]


async def test_it_answers_with_models_and_records_requests(fake: FakeService) -> None:
    """The request has the values of the contract's parameters."""
    fake.answer("list_items", [Item(id=1, made=MADE)])
    response = await _request(fake, "GET", "/items", params={"limit": 5, "id": [1, 2], "is_new": "true"})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == [{"id": 1, "made": "2026-01-02T00:00:00Z"}]
    [request] = fake.requests
    assert (request.operation, request.query.get_list("id"), request.body) == ("list_items", ["1", "2"], None)


async def test_a_handler_answers_by_the_request(fake: FakeService) -> None:
    """A handler may keep state or raise errors of a transport."""

    def create(request: FakeRequest) -> Answer:
        assert isinstance(request.body, dict)
        if request.body["id"] == 2:
            raise httpx2.ConnectError("refused")
        return Answer(headers={"Location": f"/items/{request.body['id']}"})

    fake.answer_by("create_item", create)
    made = await _request(fake, "POST", "/items", json={"id": 1, "made": MADE.isoformat()})
    assert (made.status_code, made.headers["location"], made.content) == (201, "/items/1", b"")
    with pytest.raises(httpx2.ConnectError):
        await _request(fake, "POST", "/items", json={"id": 2, "made": MADE.isoformat()})


async def test_problems_and_other_contents(fake: FakeService) -> None:
    """Errors are problem details; other content types are text and bytes."""
    fake.answer_problem("create_item", 404, type="urn:problem:taken", detail="why")
    response = await _request(fake, "POST", "/items", json={"id": 1, "made": MADE.isoformat()})
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert response.json() == {"type": "urn:problem:taken", "title": "Not Found", "status": 404, "detail": "why"}
    fake.answer("put_picture", "a,b\r\n")
    response = await _request(fake, "PUT", "/items/1", content=b"\x89", headers={"Content-Type": "image/png"})
    assert (response.text, fake.requests[-1].body, fake.requests[-1].path) == ("a,b\r\n", b"\x89", {"id": "1"})


async def test_a_path_without_parameters_comes_first(fake: FakeService) -> None:
    """`/items/mine` matches its own operation and not `/items/{id}`."""
    fake.answer("read_mine")
    assert (await _request(fake, "GET", "/items/mine")).status_code == 204


@pytest.mark.parametrize(
    ("operation", "answer", "fault"),
    [
        ("list_item", {}, "the contract has no operation list_item, only create_item, delete_item"),
        ("list_items", {"body": [{"id": 1}]}, "answer 200 of list_items: the content is not valid: $[0]: 'made' is a"),
        ("list_items", {"body": [{"id": 1, "made": "2026"}]}, "$[0].made: '2026' is not a 'date-time'"),
        ("list_items", {"body": [], "status": 404}, "the contract has no status 404"),
        ("create_item", {}, "the header Location is missing"),
        ("create_item", {"body": "x", "headers": {"Location": "/"}}, "the contract has no content with this status"),
        ("create_item", {"body": {}, "status": 409}, "'error' is a required property"),
        ("delete_item", {"body": b"x"}, "the contract has no content with this status"),
        ("delete_item", {"body": {}}, "the contract has no content with this status"),
    ],
)
def test_an_answer_that_the_contract_does_not_allow_fails_at_once(
    fake: FakeService, operation: str, answer: dict[str, object], fault: str
) -> None:
    """The line of the test that sets it raises."""
    with pytest.raises(ContractViolationError, match=re.escape(fault)):
        fake.answer(operation, **answer)  # type: ignore[arg-type]


def test_a_problem_that_the_contract_does_not_allow_fails_at_once(fake: FakeService) -> None:
    """A problem fails if its type is not in the contract or the operation has no errors."""
    with pytest.raises(ContractViolationError, match="'urn:problem:other' is not one of"):
        fake.answer_problem("create_item", 404, type="urn:problem:other")
    with pytest.raises(ContractViolationError, match="the contract has no status 500"):
        fake.answer_problem("delete_item", 500)
    with pytest.raises(ContractViolationError, match="no operation x"):
        fake.answer_by("x", lambda _: Answer())


_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "options", "fault"),
    [
        ("GET", "/nowhere", {}, "the contract has no GET /nowhere"),
        ("PATCH", "/items", {}, "the contract has no PATCH /items"),
        ("GET", "/items", {}, "request list_items: the query parameter limit is missing"),
        ("GET", "/items?limit=x", {}, "the query parameter limit is not valid: $: 'x' is not of type 'integer'"),
        ("GET", "/items?limit=0", {}, "0 is less than the minimum of 1"),
        ("GET", "/items?limit=1&limit=2", {}, "the query parameter limit is not valid: $: ['1', '2'] is not of"),
        ("GET", "/items?limit=1&id=1&id=2&id=3", {}, "the query parameter id is not valid: $: [1, 2, 3] is too long"),
        ("GET", "/items?limit=1&sort=x", {}, "the contract has no query parameter sort"),
        ("GET", "/items?limit=1", {"content": b"x"}, "the contract has no request body"),
        ("DELETE", "/items/x", {}, "the path parameter id is not valid"),
        ("POST", "/items", {}, "request create_item: the content type is missing, not application/json"),
        ("POST", "/items", {"content": b"{", "headers": _JSON}, "the content is not JSON"),
        ("POST", "/items", {"json": {"id": 1}}, "the content is not valid: $: 'made' is a required property"),
        ("POST", "/items", {"json": {}, "headers": {"Idempotency-Key": ""}}, "the header parameter Idempotency-Key"),
        ("POST", "/login", {"data": {"user": "x"}}, "the form is not valid: $: 'name' is a required property"),
        ("GET", "/items/mine", {}, "request read_mine: the test has set no answer"),
    ],
)
async def test_a_request_that_the_contract_does_not_allow_fails(
    method: str, path: str, options: dict[str, object], fault: str
) -> None:
    """The request raises, and so does the end of the fake if the code under test has caught the error."""
    fake = FakeService(CONTRACT)
    with pytest.raises(ContractViolationError, match=re.escape(fault)):
        await _request(fake, method, path, **options)
    with pytest.raises(ContractViolationError, match=re.escape(fault)):
        fake.verify()


async def test_a_handler_is_held_to_the_contract() -> None:
    """The return value of a handler is checked at each request."""
    fake = FakeService(CONTRACT)
    fake.answer_by("list_items", lambda _: Answer(body=1))
    with pytest.raises(ContractViolationError, match="answer 200 of list_items: the content is not valid"):
        await _request(fake, "GET", "/items?limit=1")


async def test_the_end_of_the_fake_fails_the_test() -> None:
    """The end of the fake raises even if the code under test has caught the error."""
    with (
        pytest.raises(ContractViolationError, match="no GET /nowhere"),
        FakeService(CONTRACT) as fake,
        suppress(ContractViolationError),
    ):
        await _request(fake, "GET", "/nowhere")


async def test_an_error_of_the_test_itself_is_not_hidden() -> None:
    """If the test raises, the end of the fake does not replace that error."""
    with pytest.raises(KeyError), FakeService(CONTRACT) as fake:  # noqa: PT012
        with pytest.raises(ContractViolationError):
            await _request(fake, "GET", "/nowhere")
        raise KeyError

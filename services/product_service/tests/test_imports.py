"""Bulk imports: all rows of a file become products, or none; errors name line and column."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from libs.auth.testing import TokenFactory
from libs.web.testing import running
from services.product_service.app import create_app
from services.product_service.settings import ProductSettings
from services.product_service.tests.token_headers import ANN, Headers, ann, bob

IMPORTS = "/products/imports"
CSV = {"Content-Type": "text/csv"}
HEADER = b"name,description,price_cents,stock\n"


async def _import(client: httpx2.AsyncClient, owner: Headers, content: object, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(IMPORTS, content=content, headers=owner | CSV | named)  # type: ignore[arg-type]


async def _names(client: httpx2.AsyncClient, factory: TokenFactory) -> list[str]:
    page = (await client.get("/products?limit=100&sort=name", headers=ann(factory))).json()
    return [item["name"] for item in page["items"]]


async def test_rows_become_products_of_the_caller(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Columns in any order, the optional ones left out or empty; the products are listed and found."""
    content = b'stock,price_cents,name,description\r\n3,450,Tea,"Leaves, ""loose""\r\nand green"\r\n,0,Cup,\r\n'
    answer = await _import(client, ann(factory), content)
    assert (answer.status_code, answer.json()) == (201, {"imported": 2})
    cup, tea = (await client.get("/products?sort=name", headers=bob(factory))).json()["items"]
    assert tea | {"stock": 3, "price_cents": 450, "description": 'Leaves, "loose"\r\nand green', "owner_id": ANN} == tea
    assert (cup["stock"], cup["price_cents"], cup["description"], cup["version"]) == (0, 0, "", 1)
    found = (await client.get("/products?q=loose+tea", headers=bob(factory))).json()["items"]
    assert [item["id"] for item in found] == [tea["id"]]


async def test_more_rows_than_one_statement_takes_are_stored(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Each row is stored once, in a full batch or in the rest after the last full batch."""
    content = HEADER + b"".join(b"Tea %d,,1,1\n" % number for number in range(1234))
    assert (await _import(client, ann(factory), content)).json() == {"imported": 1234}
    seen, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"/products?limit=100{cursor and '&cursor='}{cursor}", headers=ann(factory))).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(f"Tea {number}" for number in range(1234))


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfname,price_cents\nTea,1\n",
        b"name,price_cents\r\nTea,1",
        b"\nname,price_cents\n\nTea,1\n\n\n",
        b'"name","price_cents"\n"Tea","1"\n',
        b"price_cents,name\n1,Tea\n",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_every_spelling_of_one_file_is_the_same(
    client: httpx2.AsyncClient, factory: TokenFactory, content: bytes, size: int
) -> None:
    """A byte order mark, CRLF, empty lines, quotes, a missing last line end, and chunks of any size change nothing."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    assert (await _import(client, ann(factory), pieces())).json() == {"imported": 1}
    assert await _names(client, factory) == ["Tea"]


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        (b"Tea,,1,1\nTea,,x,1\n", [(3, "price_cents")]),
        (b"Tea,,,1\n", [(2, "price_cents")]),
        (b",,1,1\n", [(2, "name")]),
        (b"Tea,,1\n", [(2, "")]),
        (b"Tea,,1,1,1\n", [(2, "")]),
        (b"Tea,,-1,9223372036854775808\n", [(2, "price_cents"), (2, "stock")]),
        (b"Tea,,NaN,1e3\n", [(2, "price_cents"), (2, "stock")]),
        (b"Tea,,Infinity,1_000\n", [(2, "price_cents"), (2, "stock")]),
        (b"Tea,,1.0, 1\n", [(2, "price_cents"), (2, "stock")]),
        ("Tea,,\u0661,1\n".encode(), [(2, "price_cents")]),
        (b"T\0a,\0,1,1\n", [(2, "name"), (2, "description")]),
        (b'"two\nlines",,1,1\n,,1,1\n', [(2, "name"), (4, "name")]),
        (b"x" * 201 + b",,1,1\n", [(2, "name")]),
        (b"Tea," + b"x" * 5001 + b",1,1\n", [(2, "description")]),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_invalid_rows_are_named(
    client: httpx2.AsyncClient, factory: TokenFactory, rows: bytes, wrong: list[tuple[int, str]]
) -> None:
    """Errors name the line on which the row begins and the column; the valid rows of the file are not stored."""
    answer = await _import(client, ann(factory), HEADER + rows)
    await _assert_refused(client, factory, answer, status=422)
    assert [(row["line"], row["column"]) for row in answer.json()["rows"]] == wrong
    assert all(row["detail"] for row in answer.json()["rows"])


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (b"", [""]),
        (b"\n\n", [""]),
        (b"name\n", ["price_cents"]),
        (b"Tea,450\n", ["Tea", "450", "name", "price_cents"]),
        (b"name,price_cents,owner_id\n", ["owner_id"]),
        (b"name,price_cents,name\n", ["name"]),
        (b"Name,price_cents\n", ["Name", "name"]),
        (b"name;price_cents\n", ["name;price_cents", "name", "price_cents"]),
        (b"name,stock,stock,price_cents,name\n", ["name", "stock"]),
    ],
)
async def test_the_header_row_is_checked_by_name(
    client: httpx2.AsyncClient, factory: TokenFactory, header: bytes, columns: list[str]
) -> None:
    """A column that is unknown, missing or there twice is named, and no row is read."""
    answer = await _import(client, ann(factory), header + b"Tea,1,1\n" if header.strip() else header)
    await _assert_refused(client, factory, answer, status=422)
    assert [row["column"] for row in answer.json()["rows"]] == columns


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (HEADER + b'Tea,"never closed,1,1\nTea,,1,1\n', 2),
        (HEADER + b'Tea,,1,1\nTea,"' + b"x" * 40_000 + b'",1,1\n', 3),
        (HEADER + b"x" * 40_000, 2),
        (HEADER + b'Tea,"closed" early,1,1\n', 2),
        (HEADER + b'5" pipe,,1,1\n6" pipe,,1,1\n', 2),
        (HEADER + b"Tea,,1,1\rCup,,1,1\n", 2),
        (HEADER + b"T\xe9,,1,1\n", 1),
        (HEADER + b"Tea,,1,1\nT\xc3", 3),
        (HEADER.decode().encode("utf-16"), 1),
        (b"PK\x03\x04\xff\xff", 1),
    ],
    ids=lambda value: repr(value)[-40:],
)
async def test_what_is_no_csv_is_malformed(
    client: httpx2.AsyncClient, factory: TokenFactory, content: bytes, line: int
) -> None:
    """A file that cannot be split into records is refused with the line of the first error."""
    answer = await _import(client, ann(factory), content)
    await _assert_refused(client, factory, answer, status=400)
    assert answer.json()["detail"].startswith(f"line {line}: ")


async def test_errors_are_counted_to_a_hundred(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A file that is wrong throughout gives an answer of bounded length."""
    answer = await _import(client, ann(factory), HEADER + b",,x,x\n" * 5000)
    await _assert_refused(client, factory, answer, status=422)
    assert len(answer.json()["rows"]) == 100


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
        {"Content-Type": "text/csv; charset=iso-8859-1"},
        {"Content-Type": "text/csv-schema"},
        {"Content_Encoding": "gzip"},
    ],
    ids=repr,
)
async def test_another_type_is_refused(
    client: httpx2.AsyncClient, factory: TokenFactory, headers: dict[str, str]
) -> None:
    """A Content-Type other than CSV in UTF-8 is 415."""
    answer = await _import(client, ann(factory), HEADER + b"Tea,,1,1\n", **headers)
    await _assert_refused(client, factory, answer, status=415)


@pytest.mark.parametrize("kind", ["text/csv;charset=UTF-8", 'TEXT/CSV; header=present; charset="utf-8"'])
async def test_the_type_may_name_utf_8(client: httpx2.AsyncClient, factory: TokenFactory, kind: str) -> None:
    """Parameters of the type are parsed as in RFC 9110."""
    headers = ann(factory) | {"Content-Type": kind}
    answer = await client.post(IMPORTS, content=HEADER + b"Tea,,1,1\n", headers=headers)
    assert answer.status_code == 201, answer.text


async def test_a_file_has_limits_of_its_own(settings: ProductSettings, factory: TokenFactory) -> None:
    """A file may be larger than other bodies, up to the settings for its bytes and its rows."""
    changes = {"max_body_bytes": 1000, "max_import_bytes": 10_000, "max_import_rows": 100}
    app = create_app(settings.model_copy(update=changes), clock=factory.clock, keys=factory.keys)
    async with running(app) as client:
        many = await _import(client, ann(factory), HEADER + b"Tea,,1,1\n" * 101)
        await _assert_refused(client, factory, many, status=413)
        assert many.json()["type"] == "urn:problem:too-many-rows"
        large = await _import(client, ann(factory), HEADER + b"x" * 10_000)
        await _assert_refused(client, factory, large, status=413)
        headers = ann(factory) | {"Content-Type": "application/json"}
        other = await client.post("/products", content=b" " * 1001, headers=headers)
        await _assert_refused(client, factory, other, status=413)
        assert (await _import(client, ann(factory), HEADER + b"Tea," + b"x" * 5000 + b",1,1\n")).status_code == 201


async def test_an_idempotency_key_imports_once(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """The same file again, also concurrently, adds no products; another file is refused."""
    content = HEADER + b"Tea,,1,1\n"
    answers = await asyncio.gather(*(_import(client, ann(factory), content, Idempotency_Key="k") for _ in range(4)))
    assert [answer.json() for answer in answers] == [{"imported": 1}] * 4
    other = await _import(client, ann(factory), content * 1 + b"Cup,,1,1\n", Idempotency_Key="k")
    assert (other.status_code, other.json()["type"]) == (422, "urn:problem:idempotency-key-reused")
    assert await _names(client, factory) == ["Tea"]


async def test_others_write_while_a_file_comes(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A slow upload does not block other writers, and none of its products is visible before its end."""
    begun, end = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield HEADER + b"Tea,,1,1\n" * 500
        begun.set()
        await end.wait()
        yield b"Tea,,1,1\n"

    slow = asyncio.create_task(_import(client, ann(factory), slowly()))
    await begun.wait()
    answer = await client.post("/products", json={"name": "Cup", "price_cents": 1}, headers=bob(factory))
    assert answer.status_code == 201, answer.text
    assert await _names(client, factory) == ["Cup"]
    end.set()
    assert (await slow).json() == {"imported": 501}


async def _assert_refused(
    client: httpx2.AsyncClient, factory: TokenFactory, answer: httpx2.Response, *, status: int
) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await _names(client, factory) == []


async def test_there_is_room_for_so_many_imports(
    client: httpx2.AsyncClient, factory: TokenFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow imports fill all slots; the next import waits and is refused unless one of them ends."""
    ends = [asyncio.Event() for _ in range(4)]
    begun = asyncio.Semaphore(0)

    async def slow(end: asyncio.Event) -> AsyncIterator[bytes]:
        yield HEADER
        begun.release()
        await end.wait()
        yield b"Tea,,1,1\n"

    running = [asyncio.create_task(_import(client, ann(factory), slow(end))) for end in ends]
    for _ in running:
        await begun.acquire()
    monkeypatch.setattr("services.product_service.service.imports._WAIT_SECONDS", 0.5)
    refused = await _import(client, ann(factory), HEADER)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:problem:too-many-imports")
    assert refused.headers["Retry-After"] == "5"
    monkeypatch.setattr("services.product_service.service.imports._WAIT_SECONDS", 60)
    waits = asyncio.create_task(_import(client, ann(factory), HEADER + b"Cup,,1,1\n"))
    await asyncio.sleep(0.2)
    assert not waits.done()
    ends[0].set()
    assert {(await each).status_code for each in (running[0], waits)} == {201}
    for end in ends:
        end.set()
    assert {(await each).status_code for each in running} == {201}

"""Searching products by words: the same words find the same products on either database."""

import httpx2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as some
from sqlalchemy import update

from libs.auth.testing import TokenFactory
from libs.db.sessions import open_sessions
from services.product_service.models import ProductWords
from services.product_service.service import search
from services.product_service.service.search_terms import search_terms
from services.product_service.settings import ProductSettings
from services.product_service.tests.token_headers import ann

_ALL_STALE = update(ProductWords).values(is_stale=1)

_TEXTS = {
    "green": "Green tea, loose leaves",
    "creme": "Crème brûlée (4 x 100 g)",
    "street": "STRASSENKARTE Köln",
    "wool": "100% _wool_ socks",
    "mail": "Write to tea-lovers@example.com or call 555-0199",
    "greek": "ΟΔΥΣΣΕΥΣ",
    "hindi": "हिन्दी चाय",
    "japanese": "日本語の本",
    "emoji": "\U0001f375 matcha",
    "long": "x" * 5000,  # more than an index of PostgreSQL takes
    "quotes": 'O\'Neill "AND" \\ (NOT) * : & | ! <-> near',
}
_FOUND: dict[str, set[str]] = {
    "green": {"green"},
    "GREEN": {"green"},
    "gre": {"green"},
    "een": set(),
    "tea green": {"green"},
    "tea": {"green", "mail"},
    "tea socks": set(),
    "green green": {"green"},
    "creme brulee": {"creme"},
    "CRÈME": {"creme"},
    "cre\u0300me": {"creme"},
    "\uff23reme": {"creme"},
    "100": {"creme", "wool"},
    "straße": {"street"},
    "koln": {"street"},
    "wool": {"wool"},
    "wo": {"wool"},
    "%": set(),
    "_": set(),
    "%ool": set(),
    "w_ol": set(),
    "lovers example": {"mail"},
    "tea-lovers@example.com": {"mail"},
    "555-0199": {"mail"},
    "οδυσσευσ": {"greek"},
    "οδυσσεύς": {"greek"},
    "हिन्दी": {"hindi"},
    "日本": {"japanese"},
    "本": set(),
    "\U0001f375": set(),
    "\U0001f375 matcha": {"emoji"},
    "x" * 200: {"long"},
    "o'neill": {"quotes"},
    "green OR socks": set(),
    "green NOT tea": set(),
    "NOT": {"quotes"},
    "and near": {"quotes"},
    "words:green": set(),
    "^green": {"green"},
    "green*": {"green"},
    "green:*": {"green"},
    "green & !tea": {"green"},
    "green | socks": set(),
    "green <-> tea": {"green"},
    "NEAR(green tea)": set(),
    '"': set(),
    '"green': {"green"},
    "'": set(),
    "';--": set(),
    "\\": set(),
    "( ) : * & | ! <->": set(),
    "": set(),
}


@pytest.fixture
def settings(settings: ProductSettings) -> ProductSettings:
    """Use the shipped statement timeout: a search that stops waiting for SQLite's lock still waits until then."""
    return settings.model_copy(update={"database_statement_seconds": 5.0})


async def test_words_find_products(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Each search word is a prefix of a word of name or description, without case and accents; there is no syntax."""
    for name, text in _TEXTS.items():
        body = {"name": name[::-1], "description": text, "price_cents": 1}
        assert (await client.post("/products", json=body, headers=ann(factory))).status_code == 201
    assert {query: await _names(client, factory, query) for query in _FOUND} == _FOUND


@examples(max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
async def test_no_text_is_more_than_words(client: httpx2.AsyncClient, factory: TokenFactory, text: str) -> None:
    """Any text can be stored, and a search for it finds it if it has a word; no text is an error."""
    factory.clock.advance(1)  # The newest products are listed first.
    made = await client.post(
        "/products", json={"name": "x", "description": text, "price_cents": 1}, headers=ann(factory)
    )
    answer = await client.get("/products", params={"q": text, "limit": "1"}, headers=ann(factory))
    assert answer.status_code == 200, answer.text
    assert [item["id"] for item in answer.json()["items"]] == ([made.json()["id"]] if search_terms(text) else [])


@pytest.mark.parametrize("query", ["x" * 201, "x" * 2000, "a\0b", "\0"])
async def test_what_is_no_query_is_refused(client: httpx2.AsyncClient, factory: TokenFactory, query: str) -> None:
    """A search has 200 characters at most, and no NUL."""
    answer = await client.get("/products", params={"q": query}, headers=ann(factory))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/q"]


async def test_a_search_follows_a_change(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A search finds the current words of a product; a deleted product is not found."""
    made = await client.post("/products", json={"name": "Black tea", "price_cents": 1}, headers=ann(factory))
    path = made.headers["location"]
    await client.put(path, json={"name": "Grün-Tee", "price_cents": 1}, headers=ann(factory))
    assert await _names(client, factory, "black") == set()
    assert await _names(client, factory, "grun tee") == {"eeT-nürG"}
    await client.delete(path, headers=ann(factory))
    assert await _names(client, factory, "grun tee") == set()


async def test_a_search_needs_nobody_to_stop_writing(
    settings: ProductSettings, client: httpx2.AsyncClient, factory: TokenFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the index cannot be written, a search uses the indexed words; afterwards it uses all words."""
    await client.post("/products", json={"name": "Black tea", "price_cents": 1}, headers=ann(factory))
    assert await _names(client, factory, "tea") == {"aet kcalB"}
    await client.post("/products", json={"name": "Green tea", "price_cents": 1}, headers=ann(factory))
    other = open_sessions(settings.database)
    async with other.begin() as session:
        await session.execute(_ALL_STALE)
        monkeypatch.setattr(search, "_WAIT_SECONDS", 0.1)
        assert await _names(client, factory, "tea") == {"aet kcalB"}
    await other.close()
    monkeypatch.undo()
    assert await _names(client, factory, "tea") == {"aet kcalB", "aet neerG"}


async def _names(client: httpx2.AsyncClient, factory: TokenFactory, query: str) -> set[str]:
    answer = await client.get("/products", params={"q": query}, headers=ann(factory))
    assert answer.status_code == 200, answer.text
    return {item["name"][::-1] for item in answer.json()["items"]}

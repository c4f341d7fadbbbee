"""Display names of owners, fetched from the user service."""

from collections.abc import Collection, Mapping, Sequence

import httpx2
import pytest
from structlog.testing import capture_logs

from libs.api_client.testing import Answer, FakeRequest
from libs.auth.testing import TokenFactory
from libs.clock.testing import FakeClock
from libs.http.errors import DeadlineExceeded
from libs.web.testing import running
from services.product_service.app import create_app
from services.product_service.models import OwnerId, OwnerName
from services.product_service.service.owners import CACHE_SECONDS, MAX_CACHED, MAX_IDS, OwnerNames
from services.product_service.settings import ProductSettings
from services.product_service.tests.token_headers import ANN, BOB, TEA, Headers, ann, bob
from services.user_service.client import DirectoryEntry, DirectoryView, UserServiceClient
from services.user_service.client.testing import FakeUserService


def _directory(**names: str) -> DirectoryView:
    return DirectoryView(users=[DirectoryEntry(id=user_id, name=name) for user_id, name in names.items()])


def _owners(count: int) -> Sequence[OwnerId]:
    return [OwnerId(f"00000000-0000-4000-8000-{number:012d}") for number in range(count)]


def _named(request: FakeRequest) -> Answer:
    return Answer(body=_directory(**{owner: f"Name of {owner}" for owner in request.query.get_list("id")}))


async def _create(client: httpx2.AsyncClient, headers: Headers) -> str:
    """Create a product and return its path."""
    made = await client.post("/products", json=TEA, headers=headers)
    assert made.status_code == 201, made.text
    return str(made.headers["location"])


class FakeVersions:
    """The versions of users that events have reported, set by the test."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    async def find(self, owners: Collection[OwnerId]) -> Mapping[str, int]:
        """Return those of these owners; satisfies `Versions`."""
        return {owner: version for owner, version in self.known.items() if owner in owners}


@pytest.fixture
def versions() -> FakeVersions:
    """Versions before any event of a user."""
    return FakeVersions()


@pytest.fixture
async def names(users: FakeUserService, clock: FakeClock, versions: FakeVersions) -> OwnerNames:
    """The names, from a user service that has every user."""
    users.answer_by("read_directory", _named)
    return OwnerNames(UserServiceClient(users.http_client()), clock, versions=versions.find)


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the cache."""
    return FakeClock()


async def test_products_have_the_names_of_their_owners(
    client: httpx2.AsyncClient, factory: TokenFactory, users: FakeUserService
) -> None:
    """A page needs one request to the user service; created, changed and listed products have the name."""
    users.answer("read_directory", _directory(**{ANN: "Ann"}))
    path = await _create(client, ann(factory))
    await _create(client, bob(factory))
    seen = [
        (await client.get(path, headers=bob(factory))).json(),
        (await client.put(path, json=TEA, headers=ann(factory))).json(),
    ]
    assert {(each["owner_name"], each["owner_name_status"]) for each in seen} == {("Ann", "known")}
    listed = (await client.get("/products", headers=ann(factory))).json()["items"]
    assert {(each["owner_id"], each["owner_name"], each["owner_name_status"]) for each in listed} == {
        (ANN, "Ann", "known"),
        (BOB, None, "missing"),
    }


@pytest.mark.parametrize("status", [500, 503, 403])
async def test_products_are_served_without_the_user_service(
    client: httpx2.AsyncClient, factory: TokenFactory, users: FakeUserService, status: int
) -> None:
    """Reading, listing, creating and changing products work, and the name is marked as unavailable."""
    users.answer_problem("read_directory", status)
    path = await _create(client, ann(factory))
    listed = (await client.get("/products", headers=ann(factory))).json()["items"]
    for each in (*listed, (await client.get(path, headers=ann(factory))).json()):
        assert (each["owner_name"], each["owner_name_status"]) == (None, "unavailable")


async def test_a_deadline_that_passes_is_no_error_of_the_product(
    client: httpx2.AsyncClient, factory: TokenFactory, users: FakeUserService
) -> None:
    """An expired deadline makes the name unavailable and does not fail the request."""

    def hang(_: FakeRequest) -> Answer:
        raise DeadlineExceeded("user_service", "no response within 2 s")

    users.answer_by("read_directory", hang)
    path = await _create(client, ann(factory))
    assert (await client.get(path, headers=ann(factory))).json()["owner_name_status"] == "unavailable"


async def test_a_name_is_kept_for_a_minute(names: OwnerNames, users: FakeUserService, clock: FakeClock) -> None:
    """Names and missing users are cached for a minute; unavailable names are not cached."""
    [owner] = _owners(1)
    for _ in range(2):
        assert await names.find([owner]) == {owner: OwnerName.known(f"Name of {owner}")}
    clock.advance(CACHE_SECONDS - 1)
    await names.find([owner])
    assert len(users.requests) == 1
    clock.advance(2)
    users.answer("read_directory", _directory())
    for _ in range(2):
        assert await names.find([owner]) == {owner: OwnerName.missing()}
    assert len(users.requests) == 2
    clock.advance(CACHE_SECONDS + 1)
    users.answer_problem("read_directory", 503)
    for _ in range(2):
        assert await names.find([owner]) == {owner: OwnerName.unavailable()}
    assert len(users.requests) == 4


async def test_an_event_drops_the_name_of_its_user(
    names: OwnerNames, users: FakeUserService, versions: FakeVersions
) -> None:
    """After an event, the next request fetches the name once; names of other users stay cached."""
    ann, bob = _owners(2)
    await names.find([ann, bob])
    versions.known[ann] = 2
    users.answer("read_directory", _directory(**{ann: "Anna"}))
    for _ in range(2):
        assert await names.find([ann, bob]) == {ann: OwnerName.known("Anna"), bob: OwnerName.known(f"Name of {bob}")}
    assert [request.query.get_list("id") for request in users.requests] == [[ann, bob], [ann]]


async def test_an_event_drops_a_name_that_is_on_its_way(
    names: OwnerNames, users: FakeUserService, versions: FakeVersions
) -> None:
    """An event that is applied between the response of the user service and its caching drops the name."""
    [ann] = _owners(1)

    def renamed_meanwhile(request: FakeRequest) -> Answer:
        versions.known[ann] = 2
        return _named(request)

    users.answer_by("read_directory", renamed_meanwhile)
    await names.find([ann])
    users.answer("read_directory", _directory(**{ann: "Anna"}))
    assert await names.find([ann]) == {ann: OwnerName.known("Anna")}


async def test_many_owners_are_asked_for_in_batches(names: OwnerNames, users: FakeUserService) -> None:
    """No request has more ids than the contract allows, and after a failure no further request is sent."""
    owners = _owners(2 * MAX_IDS + 1)
    found = await names.find(owners)
    assert found == {owner: OwnerName.known(f"Name of {owner}") for owner in owners}
    assert [len(request.query.get_list("id")) for request in users.requests] == [MAX_IDS, MAX_IDS, 1]
    users.answer_problem("read_directory", 503)
    others = [OwnerId(owner.replace("8000", "9000")) for owner in owners]
    assert set((await names.find(others)).values()) == {OwnerName.unavailable()}
    assert len(users.requests) == 4


async def test_a_service_has_no_name(names: OwnerNames, users: FakeUserService) -> None:
    """A client id is not a user id, so the user service gets no request for it."""
    assert await names.find([OwnerId("reporting")]) == {"reporting": OwnerName.missing()}
    assert users.requests == []


async def test_the_cache_is_bounded(names: OwnerNames, users: FakeUserService) -> None:
    """The oldest names are evicted first."""
    owners = _owners(MAX_CACHED + MAX_IDS)
    for start in range(0, len(owners), MAX_IDS):
        await names.find(owners[start : start + MAX_IDS])
    asked = len(users.requests)
    await names.find(owners[-MAX_IDS:])
    assert len(users.requests) == asked
    await names.find(owners[:1])
    assert len(users.requests) == asked + 1


async def test_without_a_client_secret_one_line_says_so(settings: ProductSettings, factory: TokenFactory) -> None:
    """Without a client secret the service starts without names and logs one line; requests log no further ones."""
    app = create_app(settings, clock=factory.clock, keys=factory.keys)
    with capture_logs() as lines:
        async with running(app) as client:
            path = await _create(client, ann(factory))
            for _ in range(3):
                product = (await client.get(path, headers=ann(factory))).json()
                assert (product["owner_name"], product["owner_name_status"]) == (None, "unavailable")
    of_calls = [line["event"] for line in lines if line["event"] != "request"]
    assert of_calls == ["calls that need a service token are off"]

"""Requests of a user to both services over HTTP, limited to operations that the previous code has too."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2

from tests.service_stack import TEA, ServiceStack

_PASSWORD = "seven green lanterns"


@dataclass(slots=True)
class Person:
    """A user with an account and a product, and the last written values of both."""

    email: str
    name: str = "?"
    refresh_token: str = ""
    path: str = ""
    offer: Mapping[str, object] = field(default_factory=lambda: TEA)

    @property
    def credentials(self) -> Mapping[str, str]:
        """The body of a login."""
        return {"email": self.email, "password": _PASSWORD}


class CompatScenario:
    """Sends requests to both services; each must succeed."""

    def __init__(self, stack: ServiceStack, http: httpx2.Client) -> None:
        self._stack = stack
        self._http = http
        self._headers: Mapping[str, str] = {}

    def create(self, person: Person) -> None:
        """Register, log in, add a product."""
        self._users("POST", "/users", json={**person.credentials, "name": person.name})
        self._log_in(person)
        person.path = self._products("POST", "/products", json=person.offer).headers["location"]

    def verify(self, person: Person) -> None:
        """Check the last written values, and change them."""
        self._refresh(person)
        self._log_in(person)
        _expect(self._users("GET", "/me").json(), {"name": person.name})
        person.name += "!"
        _expect(self._users("PATCH", "/me", json={"name": person.name}).json(), {"name": person.name})
        self._trade(person)

    def clean_up(self, person: Person) -> None:
        """Delete the product and the account, and log out."""
        self._log_in(person)
        self._products("DELETE", person.path)
        self._users("POST", "/me/deletion", json={"password": _PASSWORD})
        self._users("POST", "/auth/logout", json={"refresh_token": person.refresh_token})

    def _trade(self, person: Person) -> None:
        seen = self._products("GET", person.path)
        _expect(seen.json(), person.offer)
        listed = {item["id"]: item for item in self._products("GET", "/products").json()["items"]}
        _expect(listed, {seen.json()["id"]: seen.json()})
        person.offer = {**person.offer, "name": f"{person.offer['name']}!", "stock": 3}
        self._products("PUT", person.path, json=person.offer, headers={"If-Match": seen.headers["etag"]})
        self._products("POST", f"{person.path}/reservations", json={"quantity": 1})
        person.offer = {**person.offer, "stock": 2}
        _expect(self._products("GET", person.path).json(), person.offer)

    def _log_in(self, person: Person) -> None:
        self._carry(person, self._users("POST", "/auth/login", json=person.credentials))

    def _refresh(self, person: Person) -> None:
        self._carry(person, self._users("POST", "/auth/refresh", json={"refresh_token": person.refresh_token}))

    def _carry(self, person: Person, answer: httpx2.Response) -> None:
        person.refresh_token = answer.json()["refresh_token"]
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def _users(self, method: str, path: str, **request: object) -> httpx2.Response:
        return self._ask(method, self._stack.users.url + path, **request)

    def _products(self, method: str, path: str, **request: object) -> httpx2.Response:
        return self._ask(method, self._stack.products.url + path, **request)

    def _ask(self, method: str, url: str, **request: object) -> httpx2.Response:
        headers = {**self._headers, **request.pop("headers", {})}  # type: ignore[dict-item]
        answer = self._http.request(method, url, headers=headers, **request)  # type: ignore[arg-type]
        said = "".join(program.said()[-2000:] for program in (self._stack.users, self._stack.products))
        assert answer.is_success, f"{method} {url}: {answer.status_code} {answer.text}\n{said}"
        return answer


def _expect(found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    assert {**found, **wanted} == found, f"{wanted} was stored, {found} is there"

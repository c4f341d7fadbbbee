"""A user service that is down: whoever is known is still served by the product service."""

import time
from pathlib import Path

import httpx2

from tests.faults.town import Ann, Town, client, log_in, settle, sqlite_town

_BACK_SECONDS = 60


def test_known_keys_serve_while_the_issuer_is_down(tmp_path: Path) -> None:
    """Reads go on and the service stays ready; an unknown key is 401; a new login is good when the issuer is back."""
    town = sqlite_town(tmp_path)
    town.users.start()
    with town.products.running(), client() as http:
        ann = settle(town, http)
        town.users.kill()
        for _ in range(20):
            assert _read(town, http, ann) == 200
        assert http.get(f"{town.products.url}/readyz").status_code == 200
        head, _, rest = ann.headers["Authorization"].partition(".")
        stranger = Ann({"Authorization": f"{head[:-4]}.{rest}"}, ann.product)
        assert _read(town, http, stranger) == 401
        with town.users.running():
            again = Ann({"Authorization": f"Bearer {log_in(town, http)}"}, ann.product)
            assert _read(town, http, again) == 200


def test_a_service_that_starts_before_its_issuer(tmp_path: Path) -> None:
    """Without a single key nobody can be told from anybody: 503 in time, and at work soon after the issuer is there."""
    town = sqlite_town(tmp_path)
    with client() as http:
        with town.users.running(), town.products.running():
            ann = settle(town, http)
        with town.products.running():
            assert http.get(f"{town.products.url}/livez").status_code == 200
            assert _read(town, http, ann) == 503
            with town.users.running():
                end = time.monotonic() + _BACK_SECONDS
                while _read(town, http, ann) != 200:
                    assert time.monotonic() < end, "still without keys"
                    time.sleep(0.1)


def _read(town: Town, http: httpx2.Client, ann: Ann) -> int:
    answer = http.get(town.products.url + ann.product, headers=dict(ann.headers))
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code

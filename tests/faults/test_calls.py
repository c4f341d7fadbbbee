"""Products while the user service, which the product service calls for the names of owners, fails or restarts."""

import threading
import time
from collections import Counter
from pathlib import Path

import httpx2

from tests.faults.failing_peer import FAULTS, failing_peer
from tests.faults.town import Ann, Town, calling_town, client, settle

_DEADLINE_SECONDS = 1.0
# A busy machine may take long; a call without a deadline would take 10 s or hang.
_ROOM_SECONDS = 4.0
_RECOVERY_SECONDS = 30.0
_RESTARTS = 3


def _owner(town: Town, http: httpx2.Client, ann: Ann) -> tuple[str, str | None]:
    answer = http.get(town.products.url + ann.product, headers=dict(ann.headers))
    assert answer.status_code == 200, answer.text
    product = answer.json()
    return product["owner_name_status"], product["owner_name"]


def _wait_for_name(town: Town, http: httpx2.Client, ann: Ann) -> None:
    end = time.monotonic() + _RECOVERY_SECONDS
    while _owner(town, http, ann) != ("known", "Ann"):
        assert time.monotonic() < end, "still without the name"
        time.sleep(0.1)


def test_a_product_has_its_owners_name(tmp_path: Path) -> None:
    """The product service gets a token of its own and calls the user service with it."""
    town = calling_town(tmp_path)
    with town.users.running(), town.products.running(), client() as http:
        ann = settle(town, http)
        _wait_for_name(town, http, ann)


def test_products_are_answered_in_time_however_the_user_service_fails(tmp_path: Path) -> None:
    """Each fault, and a peer that refuses connections: 200 within the deadline, the name marked as unavailable."""
    with failing_peer() as peer:
        town = calling_town(tmp_path, user_service_url=peer.url, CALL_SECONDS=str(_DEADLINE_SECONDS))
        with town.users.running(), town.products.running(), client() as http:
            ann = settle(town, http)
            for fault in (*FAULTS, "refuses"):
                if fault == "refuses":
                    peer.close()
                else:
                    peer.fault = fault
                for _ in range(3):
                    started = time.monotonic()
                    assert _owner(town, http, ann) == ("unavailable", None), fault
                    assert time.monotonic() - started < _DEADLINE_SECONDS + _ROOM_SECONDS, fault


def test_restarts_of_the_user_service_fail_no_request(tmp_path: Path) -> None:
    """Every product is served while the user service restarts, and has its owner's name again afterwards."""
    town = calling_town(tmp_path)
    statuses: Counter[int] = Counter()
    is_over = threading.Event()
    with town.products.running(), client() as http:
        with town.users.running():
            ann = settle(town, http)

        def read() -> None:
            with client() as own:
                while not is_over.is_set():
                    answer = own.get(town.products.url + ann.product, headers=dict(ann.headers))
                    statuses[answer.status_code] += 1

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        try:
            for _ in range(_RESTARTS):
                with town.users.running():
                    time.sleep(0.5)
            with town.users.running():
                _wait_for_name(town, http, ann)
        finally:
            is_over.set()
            for reader in readers:
                reader.join()
    assert set(statuses) == {200}
    assert statuses[200] > 4 * _RESTARTS

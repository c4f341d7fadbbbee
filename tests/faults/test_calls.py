"""The product service while the user service, from which it gets the names of owners, fails or restarts."""

import threading
import time
from collections import Counter
from pathlib import Path

import httpx2

from tests.faults.failing_peer import FAULTS, failing_peer
from tests.service_stack import SeededUser, ServiceStack, calling_stack, client, seed_user_and_product

_DEADLINE_SECONDS = 1.0
# Allows for a busy machine; a call without a deadline would take 10 s or hang.
_ROOM_SECONDS = 4.0
_RECOVERY_SECONDS = 30.0
_RESTARTS = 3


def _owner(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> tuple[str, str | None]:
    answer = http.get(stack.products.url + ann.product, headers=dict(ann.headers))
    assert answer.status_code == 200, answer.text
    product = answer.json()
    return product["owner_name_status"], product["owner_name"]


def _wait_for_name(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> None:
    end = time.monotonic() + _RECOVERY_SECONDS
    while _owner(stack, http, ann) != ("known", "Ann"):
        assert time.monotonic() < end, "still without the name"
        time.sleep(0.1)


def test_a_product_has_its_owners_name(tmp_path: Path) -> None:
    """The product service requests a service token and calls the user service with it."""
    stack = calling_stack(tmp_path)
    with stack.users.running(), stack.products.running(), client() as http:
        ann = seed_user_and_product(stack, http)
        _wait_for_name(stack, http, ann)


def test_products_are_answered_in_time_however_the_user_service_fails(tmp_path: Path) -> None:
    """With each fault, or a refused connection, the response is 200 within the deadline, with an unavailable name."""
    with failing_peer() as peer:
        stack = calling_stack(tmp_path, user_service_url=peer.url, CALL_SECONDS=str(_DEADLINE_SECONDS))
        with stack.users.running(), stack.products.running(), client() as http:
            ann = seed_user_and_product(stack, http)
            for fault in (*FAULTS, "refuses"):
                if fault == "refuses":
                    peer.close()
                else:
                    peer.fault = fault
                for _ in range(3):
                    started = time.monotonic()
                    assert _owner(stack, http, ann) == ("unavailable", None), fault
                    assert time.monotonic() - started < _DEADLINE_SECONDS + _ROOM_SECONDS, fault


def test_restarts_of_the_user_service_fail_no_request(tmp_path: Path) -> None:
    """Every product is served while the user service restarts, and has its owner's name again afterwards."""
    stack = calling_stack(tmp_path)
    statuses: Counter[int] = Counter()
    is_over = threading.Event()
    with stack.products.running(), client() as http:
        with stack.users.running():
            ann = seed_user_and_product(stack, http)

        def read() -> None:
            with client() as own:
                while not is_over.is_set():
                    answer = own.get(stack.products.url + ann.product, headers=dict(ann.headers))
                    statuses[answer.status_code] += 1

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        try:
            for _ in range(_RESTARTS):
                with stack.users.running():
                    time.sleep(0.5)
            with stack.users.running():
                _wait_for_name(stack, http, ann)
        finally:
            is_over.set()
            for reader in readers:
                reader.join()
    assert set(statuses) == {200}
    assert statuses[200] > 4 * _RESTARTS

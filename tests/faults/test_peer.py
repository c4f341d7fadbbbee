"""While the user service is down, the product service still accepts tokens of keys that it has fetched."""

import time
from pathlib import Path

import httpx2

from tests.service_stack import SeededUser, ServiceStack, client, log_in, seed_user_and_product, sqlite_stack

_BACK_SECONDS = 60


def test_known_keys_serve_while_the_issuer_is_down(tmp_path: Path) -> None:
    """Reads work and the service stays ready; an unknown key is 401; new logins work when the issuer is back."""
    stack = sqlite_stack(tmp_path)
    stack.users.start()
    with stack.products.running(), client() as http:
        ann = seed_user_and_product(stack, http)
        stack.users.kill()
        for _ in range(20):
            assert _read(stack, http, ann) == 200
        assert http.get(f"{stack.products.url}/readyz").status_code == 200
        head, _, rest = ann.headers["Authorization"].partition(".")
        stranger = SeededUser({"Authorization": f"{head[:-4]}.{rest}"}, ann.product)
        assert _read(stack, http, stranger) == 401
        with stack.users.running():
            again = SeededUser({"Authorization": f"Bearer {log_in(stack, http)}"}, ann.product)
            assert _read(stack, http, again) == 200


def test_a_service_that_starts_before_its_issuer(tmp_path: Path) -> None:
    """Without keys every token gets 503 within a limited time; soon after the issuer is up, tokens are accepted."""
    stack = sqlite_stack(tmp_path)
    with client() as http:
        with stack.users.running(), stack.products.running():
            ann = seed_user_and_product(stack, http)
        with stack.products.running():
            assert http.get(f"{stack.products.url}/livez").status_code == 200
            assert _read(stack, http, ann) == 503
            with stack.users.running():
                end = time.monotonic() + _BACK_SECONDS
                while _read(stack, http, ann) != 200:
                    assert time.monotonic() < end, "still without keys"
                    time.sleep(0.1)


def _read(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> int:
    answer = http.get(stack.products.url + ann.product, headers=dict(ann.headers))
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code

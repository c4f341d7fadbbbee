"""Signing keys are rotated while clients log in, refresh and read, and others send tokens of unknown keys."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx2

from libs.auth.jwks import FetchPolicy
from libs.auth.key_files import KeyFolder
from libs.auth.rotate import rotate
from libs.clock.clock import SystemClock
from tests.service_stack import ANN, SeededUser, ServiceStack, client, seed_user_and_product, sqlite_stack

_ROTATIONS = 3
_CLIENTS = 4
# The test needs at least so many; on a slow machine that takes longer than the rotations.
_READS, _FORGED = 100, 1000
# One hour by default. It must be longer than the verifiers' interval between two fetches, and than the 5 s after
# which the folder is read again.
_AHEAD = timedelta(seconds=FetchPolicy().cooldown + 10)
_PATIENCE_SECONDS = 10 * _ROTATIONS * _AHEAD.total_seconds()


@dataclass(slots=True)
class People:
    """Clients that send requests until `over` is set, and their results."""

    stack: ServiceStack
    ann: SeededUser
    over: threading.Event = field(default_factory=threading.Event)
    kids: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    reads: int = 0
    refused: int = 0

    def use(self) -> None:
        """Log in, refresh ten times, and read with each token."""
        with client() as http:
            while not self.over.is_set():
                tokens = self._expect(http, "POST", f"{self.stack.users.url}/auth/login", json=ANN)
                for _ in range(10):
                    body = {"refresh_token": tokens.get("refresh_token")}
                    tokens = self._expect(http, "POST", f"{self.stack.users.url}/auth/refresh", json=body)
                    self._read(http, tokens.get("access_token", ""))

    def _read(self, http: httpx2.Client, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        for _ in range(5):
            self._expect(http, "GET", self.stack.products.url + self.ann.product, headers=headers)
            self._expect(http, "GET", f"{self.stack.users.url}/me", headers=headers)
            self.reads += 1
        self.kids.add(_kid(token))

    def _expect(self, http: httpx2.Client, method: str, url: str, **request: object) -> dict[str, str]:
        try:
            answer = http.request(method, url, **request)  # type: ignore[arg-type]
        except httpx2.TransportError as error:
            self.failed.append(repr(error))
            return {}
        if answer.status_code != httpx2.codes.OK:
            self.failed.append(answer.text)
            return {}
        document: dict[str, str] = answer.json()
        return document

    def flood(self) -> None:
        """Send tokens, each with a different unknown key id."""
        _, payload, signature = self.ann.headers["Authorization"].removeprefix("Bearer ").split(".")
        with client() as http:
            for number in count():
                header = json.dumps({"alg": "EdDSA", "typ": "at+jwt", "kid": f"nobody-{number}"}).encode()
                forged = f"{base64.urlsafe_b64encode(header).decode().rstrip('=')}.{payload}.{signature}"
                answer = http.get(
                    self.stack.products.url + self.ann.product, headers={"Authorization": f"Bearer {forged}"}
                )
                if answer.status_code != httpx2.codes.UNAUTHORIZED:
                    self.failed.append(answer.text)
                self.refused += 1
                if self.over.wait(0.01):
                    return


def test_no_request_fails_and_few_fetches_are_made(tmp_path: Path) -> None:
    """Three rotations under load fail no request; a flood of unknown keys causes at most one fetch per 30 s."""
    stack = sqlite_stack(tmp_path)
    with stack.users.running(), stack.products.running(), client() as http:
        began = time.monotonic()
        people = People(stack, seed_user_and_product(stack, http))
        with _at_once([people.use] * _CLIENTS + [people.flood], people.over):
            _rotate_until_seen(stack, people)
        fetches = _fetches(stack, http)
        seconds = time.monotonic() - began
    print(f"{people.reads} reads, {people.refused} forged tokens, {fetches} fetches in {seconds:.0f} s")
    assert people.failed == []
    assert _ROTATIONS <= fetches <= 1 + seconds / FetchPolicy().cooldown


def _rotate_until_seen(stack: ServiceStack, people: People) -> None:
    """Write the next key whenever no key is pending, as a schedule does, until `_ROTATIONS` more keys have signed.

    Also wait for more than `_READS` reads and `_FORGED` forged tokens.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while len(people.kids) <= _ROTATIONS or people.reads <= _READS or people.refused <= _FORGED:
        rotate(KeyFolder(stack.users.folder / "keys"), clock=SystemClock(), ahead=_AHEAD)
        assert not people.failed, people.failed[0]
        assert time.monotonic() < end, f"{len(people.kids)} keys have signed, {people.refused} forged"
        time.sleep(1)


@contextmanager
def _at_once(work: list[Callable[[], None]], over: threading.Event) -> Iterator[None]:
    with ThreadPoolExecutor(len(work)) as threads:
        done = [threads.submit(each) for each in work]
        try:
            yield
        finally:
            over.set()
        for each in done:
            each.result()


def _kid(token: str) -> str:
    header = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=="))["kid"])


def _fetches(stack: ServiceStack, http: httpx2.Client) -> int:
    """Return the number of requests for the keys of the user service."""
    text = http.get(f"{stack.users.url}/metrics").text
    counted = re.findall(r'^http_requests_total\{[^}]*jwks\.json"[^}]*\} (\S+)$', text, re.MULTILINE)
    return sum(round(float(each)) for each in counted)

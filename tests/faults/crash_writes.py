"""Clients that write to a service until it is killed, again and again.

KILL_ROUNDS in the environment sets how often.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import httpx2

from libs.db.testing import PostgresServer
from tests.program import Program
from tests.service_stack import client

_ROUNDS = int(os.environ.get("KILL_ROUNDS", "50"))
_WRITERS = 4
_WRITES = 10
"""Acknowledged before the kill comes."""


class Workload(Protocol):
    """The writes of clients, each with a unique key."""

    def write(self, key: str, http: httpx2.Client) -> None:
        """Write an item, or repeat a write without a response; return when all of it is acknowledged."""
        ...

    def stored(self, http: httpx2.Client) -> set[str]:
        """Return the keys of all stored items; each must be stored once and completely."""
        ...


class WriteLog:
    """The acknowledged writes, and the ones that may be stored or not."""

    def __init__(self, work: Workload) -> None:
        self._work = work
        self.acknowledged: set[str] = set()
        self.in_doubt: set[str] = set()

    def interrupt(self, name: str, kill: Callable[[], None]) -> None:
        """Kill while all are writing."""
        enough = len(self.acknowledged) + _WRITES
        with ThreadPoolExecutor(_WRITERS) as threads:
            done = [threads.submit(self._write_until_cut_off, f"{name}-{writer}") for writer in range(_WRITERS)]
            end = time.monotonic() + 60
            while len(self.acknowledged) < enough:
                assert time.monotonic() < end, "nobody writes"
                time.sleep(0.005)
            kill()
            for each in done:
                each.result()

    def verify(self, http: httpx2.Client) -> None:
        """A write without a response is stored completely or not at all, so that repeating it stores one item."""
        stored = self._work.stored(http)
        assert self.acknowledged <= stored, f"lost: {self.acknowledged - stored}"
        assert stored <= self.acknowledged | self.in_doubt, f"from nowhere: {stored - self.acknowledged}"
        for key in list(self.in_doubt):
            self._write(key, http)
        assert self._work.stored(http) == self.acknowledged

    def _write_until_cut_off(self, name: str) -> None:
        with client() as http:
            for number in range(10_000):
                try:
                    self._write(f"{name}-{number}", http)
                except httpx2.TransportError:
                    return

    def _write(self, key: str, http: httpx2.Client) -> None:
        self.in_doubt.add(key)
        self._work.write(key, http)
        self.acknowledged.add(key)
        self.in_doubt.discard(key)


def kill_repeatedly(program: Program, work: Workload, *, server: PostgresServer | None = None) -> None:
    """Kill a running program while its clients write; no acknowledged write is lost, and none is stored in part.

    The database server, if there is one, is killed with it in every fifth round.
    """
    log = WriteLog(work)
    with client() as http:
        for number in range(_ROUNDS):
            log.interrupt(f"round-{number}", program.kill)
            if server is not None and number % 5 == 0:
                server.kill()
                server.start()
            program.start()
            log.verify(http)
    assert len(log.acknowledged) > _ROUNDS * _WRITES
    assert program.stop() == 0

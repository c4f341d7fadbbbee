"""Clients that write to a service until it is killed, again and again.

KILL_ROUNDS in the environment says how often.
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
        """Write a piece, or once more what got no answer; it returns when all of it is acknowledged."""
        ...

    def stored(self, http: httpx2.Client) -> set[str]:
        """The keys of all that is stored, each of which is there once and as a whole."""
        ...


class WriteLog:
    """Which pieces of a work are acknowledged, and which may be there or not."""

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
        """A piece that got no answer is there as a whole or not at all, so that writing it again makes one."""
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
    """Kill a running program while its clients work; nothing acknowledged is lost, and nothing is there by half.

    The server, if there is one, is killed with it in every fifth round.
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

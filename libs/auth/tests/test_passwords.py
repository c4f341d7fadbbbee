"""Tests of libs.auth.passwords, with cheap hashes except in tests of the cost."""

import asyncio
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from libs.auth.errors import Throttled
from libs.auth.password_policy import MAX_LENGTH
from libs.auth.passwords import Argon2Cost, PasswordCheck, PasswordHash, Passwords

CHEAP = Argon2Cost(memory_kib=64, passes=1)
GOOD = "correct horse battery staple"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Return a cheap hasher and end its threads."""
    made = Passwords(CHEAP)
    yield made
    made.close()


class Hashes:
    """Counts the hashes that are computed, and the most at a time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.most = 0
        self.threads: set[str] = set()
        self.longest = 0
        self._running = 0
        self._lock = threading.Lock()
        self._verify = PasswordHasher.verify

        def verify(hasher: PasswordHasher, stored: str, password: str) -> bool:
            return self._run(hasher, stored, password)

        monkeypatch.setattr(PasswordHasher, "verify", verify)

    def _run(self, hasher: PasswordHasher, stored: str, password: str) -> bool:
        with self._lock:
            self.count += 1
            self.longest = max(self.longest, len(password))
            self._running += 1
            self.most = max(self.most, self._running)
            self.threads.add(threading.current_thread().name)
        try:
            return self._verify(hasher, stored, password)
        finally:
            with self._lock:
                self._running -= 1


async def test_a_password_matches_its_hash_and_no_other(passwords: Passwords) -> None:
    """Hashes are salted, so two of one password differ."""
    first, second = await passwords.hash(GOOD), await passwords.hash(GOOD)
    assert first != second
    assert await passwords.check(GOOD, first) == PasswordCheck(matches=True)
    assert await passwords.check(GOOD + " ", first) == PasswordCheck(matches=False)


async def test_both_spellings_of_a_text_match(passwords: Passwords) -> None:
    """NFKC on both sides."""
    stored = await passwords.hash("caf\u00e9 cr\u00e8me br\u00fbl\u00e9e")
    assert (await passwords.check("cafe\u0301 cre\u0300me bru\u0302le\u0301e", stored)).matches


async def test_nothing_is_truncated(passwords: Passwords) -> None:
    """The last of a thousand characters counts, and so does what follows a NUL."""
    stored = await passwords.hash("x" * (MAX_LENGTH - 1) + "a")
    assert not (await passwords.check("x" * (MAX_LENGTH - 1) + "b", stored)).matches
    stored = await passwords.hash("before\x00after")
    assert not (await passwords.check("before\x00other", stored)).matches


@pytest.mark.parametrize("password", ["x" * 1001, "x" * 10_000_000, "\ud800" * 20, ""])
async def test_what_nobody_can_have_chosen_matches_nothing(
    passwords: Passwords, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text that the policy never accepts is replaced before it is hashed, and costs one hash like any other."""
    stored = await passwords.hash(GOOD)
    hashes = Hashes(monkeypatch)
    assert not (await passwords.check(password, stored)).matches
    assert (hashes.count, hashes.longest <= MAX_LENGTH) == (1, True)


@pytest.mark.parametrize("stored", [None, "known", "corrupt"])
async def test_one_hash_is_computed_whoever_asks(
    passwords: Passwords, stored: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown user and a wrong password cost one hash each, so the time reveals nothing."""
    known = await passwords.hash(GOOD)
    hashes = Hashes(monkeypatch)
    held = {"known": known, "corrupt": PasswordHash("$argon2id$broken")}.get(stored or "")
    verdict = await passwords.check("wrong password, as it happens", held)
    assert not verdict.matches
    assert hashes.count == 1


async def test_the_dummy_hash_matches_no_password(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown user is rejected even with the password of the dummy hash."""
    monkeypatch.setattr(passwords, "_dummy", await passwords.hash(GOOD))
    assert await passwords.check(GOOD, None) == PasswordCheck(matches=False)


async def test_an_unknown_user_takes_as_long_as_a_wrong_password() -> None:
    """Medians of 300 interleaved samples are within 10 %, in processor time."""
    passwords = Passwords(Argon2Cost(memory_kib=2048, passes=2), workers=1)
    stored = await passwords.hash(GOOD)
    times: dict[PasswordHash | None, list[float]] = {stored: [], None: []}
    for _ in range(300):
        for held, samples in times.items():
            start = time.process_time()
            await passwords.check("wrong password, as it happens", held)
            samples.append(time.process_time() - start)
    passwords.close()
    wrong, unknown = (statistics.median(samples) for samples in times.values())
    assert abs(wrong - unknown) < 0.1 * wrong


async def test_a_cheaper_hash_is_renewed_at_login(passwords: Passwords) -> None:
    """After the parameters are raised, a login replaces the hash with one of the new cost."""
    stored = await passwords.hash(GOOD)
    dearer = Passwords(Argon2Cost(memory_kib=128, passes=2))
    verdict = await dearer.check(GOOD, stored)
    assert verdict.matches
    assert verdict.upgraded is not None
    assert verdict.upgraded.startswith("$argon2id$v=19$m=128,t=2,p=1$")
    assert await dearer.check(GOOD, verdict.upgraded) == PasswordCheck(matches=True)
    assert await dearer.check("wrong password", stored) == PasswordCheck(matches=False)
    dearer.close()


async def test_the_default_cost_is_what_owasp_asks_for() -> None:
    """argon2id, 19 MiB, two passes, one lane."""
    passwords = Passwords()
    assert (await passwords.hash(GOOD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    passwords.close()


async def test_hashing_leaves_the_event_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most `workers` hashes run at a time, in separate threads."""
    hashes = Hashes(monkeypatch)
    passwords = Passwords(CHEAP, workers=2)
    await asyncio.gather(*(passwords.check("wrong", None) for _ in range(20)))
    passwords.close()
    assert hashes.count == 20
    assert hashes.most <= 2
    assert all(name.startswith("argon2") for name in hashes.threads)


async def test_a_queue_that_is_too_long_says_so() -> None:
    """Memory and waiting time are bounded; the caller may retry."""
    passwords = Passwords(CHEAP, workers=1, max_waiting=3)
    results = await asyncio.gather(*(passwords.check("wrong", None) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, Throttled) for result in results) == 7
    assert await passwords.check("wrong", None) == PasswordCheck(matches=False)
    passwords.close()


async def test_new_passwords_have_a_queue_of_their_own() -> None:
    """A full queue of registrations is rejected without a login being."""
    passwords = Passwords(CHEAP, workers=1, max_waiting=3, max_waiting_new=2)
    hashes = [asyncio.ensure_future(passwords.hash(GOOD)) for _ in range(10)]
    await asyncio.sleep(0)
    assert (passwords.new_waiting, passwords.checks_waiting) == (2, 0)
    checks = [asyncio.ensure_future(passwords.check("wrong", None)) for _ in range(3)]
    await asyncio.sleep(0)
    assert (passwords.new_waiting, passwords.checks_waiting) == (2, 3)
    assert await asyncio.gather(*checks) == [PasswordCheck(matches=False)] * 3
    results = await asyncio.gather(*hashes, return_exceptions=True)
    assert sum(isinstance(result, Throttled) for result in results) == 8
    assert (passwords.new_waiting, passwords.checks_waiting) == (0, 0)
    passwords.close()


async def test_registrations_do_not_starve_logins(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many new passwords wait, a login waits for at most two of their hashes."""
    started: list[str] = []
    hash_new = PasswordHasher.hash

    def slow_hash(hasher: PasswordHasher, password: str) -> str:
        started.append("new")
        time.sleep(0.01)
        return hash_new(hasher, password)

    passwords = Passwords(CHEAP, workers=1)
    monkeypatch.setattr(PasswordHasher, "hash", slow_hash)
    registrations = [asyncio.ensure_future(passwords.hash(GOOD)) for _ in range(60)]
    await asyncio.sleep(0.05)
    before = len(started)
    await passwords.check("wrong", None)
    assert len(started) - before <= 2
    assert passwords.new_waiting > 40
    for each in registrations:
        each.cancel()
    await asyncio.gather(*registrations, return_exceptions=True)
    passwords.close()


async def test_memory_goes_back_when_nobody_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The 19 MiB of a hash are returned to the system once the hasher is idle, not after each hash."""
    asked: list[int] = []
    returned = threading.Event()
    now = 0.0

    def return_memory() -> None:
        asked.append(1)
        returned.set()

    monkeypatch.setattr("libs.auth.passwords._return_memory", return_memory)
    monkeypatch.setattr("libs.auth.passwords._IDLE_SECONDS", 10)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    made = Passwords(CHEAP)
    for _ in range(3):
        await made.hash(GOOD)
        now += 9
    assert not asked
    now += 9
    assert await asyncio.to_thread(returned.wait, 20)
    made.close()
    assert asked == [1]


_HASH_AND_REST = """
import asyncio, os, pathlib
from libs.auth import passwords

def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

async def main():
    passwords._IDLE_SECONDS = 0.05
    made = passwords.Passwords()
    before = resident()
    await made.hash("correct horse battery")
    for _ in range(100):
        await asyncio.sleep(0.1)
        if resident() - before < 4 * 2**20:
            break
    print(resident() - before)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give memory back by themselves")
def test_a_thread_keeps_nothing_of_its_hash() -> None:
    """Memory is measured in a new process, because the process of the other tests has already grown."""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _HASH_AND_REST]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4 * 2**20

"""Tests of libs.auth.rotate."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from libs.auth.errors import UnusableKey
from libs.auth.key_files import KeyFolder
from libs.auth.keys import KeyRing
from libs.auth.rotate import main, revoke, rotate
from libs.auth.signatures import Algorithm
from libs.auth.testing import AUDIENCE, ISSUER, TokenFactory
from libs.auth.tokens import TokenIssuer
from libs.auth.verifier import Verifier
from libs.clock.testing import FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    """Return a folder that does not exist yet."""
    return KeyFolder(tmp_path / "keys")


def test_the_first_key_signs_at_once(folder: KeyFolder) -> None:
    """A fresh installation needs one command."""
    clock = FakeClock()
    (line,) = rotate(folder, clock=clock)
    assert "signs from 2026-01-01 12:00:00+00:00" in line
    assert KeyRing(folder, clock=clock).signing_key()


def test_every_other_key_is_announced_and_running_again_adds_none(folder: KeyFolder) -> None:
    """While a key waits for its time, the schedule may run as often as it likes."""
    clock = FakeClock()
    rotate(folder, clock=clock)
    rotate(folder, clock=clock)
    (line,) = rotate(folder, clock=clock)
    assert "is the next key" in line
    first, second = sorted(folder.read(), key=lambda key: key.activates_at)
    assert second.activates_at - first.activates_at == timedelta(hours=1)


def test_spent_keys_are_removed(folder: KeyFolder) -> None:
    """After a year of weekly rotation the folder has at most three keys."""
    clock = FakeClock()
    for _ in range(52):
        rotate(folder, clock=clock)
        clock.advance(7 * 86_400)
        assert len(folder.read()) <= 3


async def test_no_token_is_lost_over_rotations(folder: KeyFolder) -> None:
    """With a rotation every two hours, every token verifies until it expires."""
    clock = FakeClock()
    rotate(folder, clock=clock)
    factory = TokenFactory(clock)
    factory.keys = KeyRing(folder, clock=clock)
    factory.issuer = TokenIssuer(keys=factory.keys, issuer=ISSUER, clock=clock)
    verifier = Verifier(factory.keys, issuer=ISSUER, audience=AUDIENCE, clock=clock)
    signers = set()
    previous = [factory.token()] * 2
    for minute in range(0, 10 * 60, 5):
        if minute % 120 == 0:
            rotate(folder, clock=clock)
        clock.advance(300)
        signers.add(factory.keys.signing_key().key_id)
        token = factory.token()
        for each in (*previous, token):
            await verifier.verify(each)
        previous = [previous[1], token]
    assert len(signers) == 6


def test_two_at_once_add_one_key(folder: KeyFolder) -> None:
    """The folder is locked while its next state is worked out."""
    rotate(folder, clock=FakeClock())
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: rotate(folder, clock=FakeClock()), range(8)))
    assert len(folder.read()) == 2


def test_a_waiting_key_alone_gets_a_key_that_signs(folder: KeyFolder) -> None:
    """If no key signs yet, for example because it was deleted, a key is written that signs at once."""
    clock = FakeClock()
    rotate(folder, clock=clock)
    rotate(folder, clock=clock)
    signing = KeyRing(folder, clock=clock).signing_key()
    folder.remove(signing.key_id)
    (line,) = rotate(folder, clock=clock)
    assert "signs from 2026-01-01 12:00:00+00:00" in line
    assert len(folder.read()) == 2


@pytest.mark.parametrize("waiting", [False, True])
def test_the_leaked_key_is_replaced(folder: KeyFolder, *, waiting: bool) -> None:
    """The leaked key is deleted and a new one signs at once, also while another key waits to become active."""
    clock = FakeClock()
    rotate(folder, clock=clock)
    leaked = KeyRing(folder, clock=clock).signing_key().key_id
    clock.advance(60)
    if waiting:
        rotate(folder, clock=clock)
    written, removed = revoke(folder, leaked, clock=clock)
    assert "signs from 2026-01-01 12:01:00+00:00" in written
    assert removed == f"removed {leaked}"
    assert KeyRing(folder, clock=clock).signing_key().key_id in written
    assert leaked not in [key.key_id for key in folder.read()]
    assert len(folder.read()) == 1 + waiting


def test_a_leaked_key_that_does_not_sign_is_only_deleted(folder: KeyFolder) -> None:
    """A waiting key needs no replacement: the next rotation writes one."""
    clock = FakeClock()
    rotate(folder, clock=clock)
    rotate(folder, clock=clock)
    signing, waiting = sorted(folder.read(), key=lambda key: key.activates_at)
    assert revoke(folder, waiting.key_id, clock=clock) == [f"removed {waiting.key_id}"]
    assert [key.key_id for key in folder.read()] == [signing.key_id]


def test_an_unknown_key_is_not_revoked(folder: KeyFolder) -> None:
    """A misspelt kid is an error that names it, and changes nothing."""
    clock = FakeClock()
    rotate(folder, clock=clock)
    with pytest.raises(UnusableKey, match="there is no key 20260101T120000Z-x"):
        revoke(folder, "20260101T120000Z-x", clock=clock)
    assert len(folder.read()) == 1


def test_the_command_revokes_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the key that it wrote and the one that it deleted; a second run has status 1."""
    rotate(KeyFolder(tmp_path), clock=FakeClock())
    (leaked,) = [key.key_id for key in KeyFolder(tmp_path).read()]
    assert main([str(tmp_path), "--revoke", leaked]) == 0
    written, removed = capsys.readouterr().out.splitlines()
    assert written.startswith("wrote ")
    assert removed == f"removed {leaked}"
    assert main([str(tmp_path), "--revoke", leaked]) == 1
    assert f"there is no key {leaked}" in capsys.readouterr().err


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_the_command_writes_a_key(tmp_path: Path, algorithm: Algorithm, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints which file it wrote and when that key starts to sign."""
    assert main([str(tmp_path / "keys"), "--algorithm", algorithm.value]) == 0
    (key,) = KeyFolder(tmp_path / "keys").read()
    assert key.public.algorithm is algorithm
    assert key.key_id in capsys.readouterr().out


def test_the_command_refuses_a_folder_with_a_bad_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence and status 1; nothing is written beside it."""
    (tmp_path / "old.pem").write_bytes(b"")
    assert main([str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["old.pem"]


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    """`python -m libs.auth.rotate FOLDER` is what a schedule calls."""
    command = [sys.executable, "-m", "libs.auth.rotate", str(tmp_path / "keys")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.stdout.startswith("wrote ")

"""Children end together, and those that the others need end last."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.dev.process_group import ProcessGroup

SECONDS = 30
NEEDED = "import time; time.sleep(60)"
# Ends half a second after SIGTERM, and prints whether the process that it needs is still running.
USER = """
import os, signal, sys, time
def end(*_):
    time.sleep(0.5)
    try:
        os.kill(int(sys.argv[1]), 0)
        answer = "there"
    except ProcessLookupError:
        answer = "gone"
    open(sys.argv[2], "w").write(answer)
    sys.exit()
signal.signal(signal.SIGTERM, end)
open(sys.argv[3], "w").close()
time.sleep(60)
"""
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(60)
"""


@pytest.fixture
def processes() -> Iterator[ProcessGroup]:
    """Return a processes that handles the signals of this process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    running = ProcessGroup()
    running.handle_signals()
    yield running
    running.stop()
    for number, handler in before.items():
        signal.signal(number, handler)


def _start_needed(processes: ProcessGroup, folder: Path) -> int:
    with tempfile.TemporaryFile() as lock:
        return processes.start_needed("needed", [sys.executable, "-c", NEEDED], log=folder / "log", lock=lock.fileno())


@pytest.mark.parametrize("signalled", [False, True])
def test_a_needed_child_ends_after_the_others(processes: ProcessGroup, tmp_path: Path, signalled: bool) -> None:  # noqa: FBT001
    """Also when a signal asks the others first."""
    needed = _start_needed(processes, tmp_path)
    said, ready = tmp_path / "said", tmp_path / "ready"
    processes.start("user", [sys.executable, "-c", USER, str(needed), str(said), str(ready)], {})
    assert processes.wait_until(ready.exists, SECONDS)
    if signalled:
        os.kill(os.getpid(), signal.SIGINT)
        assert not processes.wait_until(lambda: False, SECONDS)
    processes.stop()
    assert said.read_text() == "there"
    assert not _is_alive(needed)


def test_the_second_signal_ends_all(processes: ProcessGroup, tmp_path: Path) -> None:
    """Those that ignore the first, and those that are needed."""
    needed, ready = _start_needed(processes, tmp_path), tmp_path / "ready"
    processes.start("stubborn", [sys.executable, "-c", STUBBORN, str(ready)], {})
    assert processes.wait_until(ready.exists, SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    assert _is_alive(needed)
    os.kill(os.getpid(), signal.SIGTERM)
    before = time.monotonic()
    processes.stop()
    assert time.monotonic() - before < SECONDS
    assert not _is_alive(needed)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True

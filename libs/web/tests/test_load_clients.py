"""Hundreds of slow clients against the shipped server with its default limits."""

import json
import os
import subprocess
import sys
import time

from libs.web.server_policy import ServerPolicy
from libs.web.tests.processes import Process, shipped

IDLE, DRIPPING, SECONDS = 500, 500, 30
HEALTH = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def test_slow_clients_are_cut_off_while_health_answers() -> None:
    """500 idle and 500 dripping clients are cut off in time, and 99 of 100 health checks take under 100 ms."""
    with shipped() as served:
        command = [sys.executable, "-m", "libs.web.tests.slow_clients"]
        command += map(str, (served.address[1], IDLE, DRIPPING, SECONDS))
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as clients:
            answered = _seconds_of_answers(served)
            lasted = json.loads(clients.communicate(timeout=300)[0])
    deadline = ServerPolicy().header_seconds
    print(f"{len(lasted)} connections lasted {min(lasted):.2f} to {max(lasted):.2f} s")
    median, slow = answered[len(answered) // 2], answered[len(answered) * 99 // 100]
    print(f"{len(answered)} answers: median {median:.4f} s, 99 of 100 in {slow:.4f} s, all in {answered[-1]:.4f} s")
    assert len(lasted) >= 2 * (IDLE + DRIPPING)
    assert deadline * 0.95 < min(lasted)
    assert max(lasted) < deadline * 1.3
    assert len(answered) > 100
    assert slow < 0.1


def _seconds_of_answers(served: Process) -> list[float]:
    """Ask for health as an orchestrator does, each time on a new connection."""
    end = time.monotonic() + SECONDS
    taken = []
    while time.monotonic() < end:
        begin = time.monotonic()
        assert served.ask(HEALTH).status == 200
        taken.append(time.monotonic() - begin)
        time.sleep(0.1)
    return sorted(taken)

"""Signals and exit codes, with a fake of bubblewrap that starts another program, as bubblewrap does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BWRAP = """#!{python}
import os, sys
info = int(sys.argv[2])
child = os.fork()
if child == 0:
    os.close(info)
    os.execvp(sys.argv[3], sys.argv[3:])
os.write(info, b'{{ "child-pid": %d }}' % child)
os.close(info)
_, status = os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
"""

CALLER = """
import os, sys
from tools.airgap.supervisor import RESTORE, supervise
sys.exit(supervise([sys.argv[1], *RESTORE, *sys.argv[2:]], os.environ))
"""

WAITS = """
trap 'echo cleaned; exit 7' INT TERM HUP QUIT
echo ready
while :; do sleep 0.05; done
"""


def start(tmp_path: Path, *command: str) -> "subprocess.Popen[str]":
    """Start the command under supervision."""
    bwrap = tmp_path / "bwrap"
    bwrap.write_text(BWRAP.format(python=sys.executable))
    bwrap.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    caller = [sys.executable, "-c", CALLER, str(bwrap), *command]
    return subprocess.Popen(caller, env=env, text=True, stdin=-1, stdout=-1)


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 37", 37), ("kill -9 $$", 137)])
def test_exit_code(tmp_path: Path, command: str, code: int) -> None:
    """The exit code is that of the command, as a shell reports it."""
    process = start(tmp_path, "sh", "-c", command)
    process.communicate(timeout=60)
    assert process.returncode == code


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"])
def test_signals_go_on(tmp_path: Path, name: str) -> None:
    """A signal sent to bazelw reaches the command, which cleans up and determines the exit code."""
    process = start(tmp_path, "sh", "-c", WAITS)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.Signals[name])
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == ("cleaned\n", 7)


def test_standard_input(tmp_path: Path) -> None:
    """The command reads the caller's standard input."""
    out, _ = start(tmp_path, "cat").communicate("typed\n", timeout=60)
    assert out == "typed\n"

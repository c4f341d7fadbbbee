"""Documented commands are run, and checked by their exit codes and output."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.docs.commands import commands_of
from tools.docs.runner import CommandFailedError, run_all


def run(lines: str, *, folder: Path, patience: float = 60.0) -> list[str]:
    """Run the lines as one document and return the commands that passed."""
    commands = commands_of(f"```sh\n{lines}\n```\n", document="x.md")
    return [command.text for command, _ in run_all(commands, folder=folder, patience=patience)]


def test_commands_share_a_folder_and_an_order(tmp_path: Path) -> None:
    """A command sees the files of the commands before it."""
    assert run("echo hi > note\ngrep hi note", folder=tmp_path) == [
        "echo hi > note",
        "grep hi note",
    ]


def test_a_failing_command_stops_the_run(tmp_path: Path) -> None:
    """The first command that fails is named with its exit code."""
    with pytest.raises(CommandFailedError, match=r"x\.md:2: false: exit code 1"):
        run("false\ntouch later", folder=tmp_path)
    assert not (tmp_path / "later").exists()


SERVER = (
    'python3 -c "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [2]); {say}; signal.sigwait([2]); '
    'sys.exit({code})"  # Ctrl-C'
)


def test_a_server_is_up_for_the_rest_and_then_interrupted(tmp_path: Path) -> None:
    """A server runs during the commands after it and must then end with exit code 0."""
    write = "open('up', 'w').write(str(__import__('os').getpid()))"
    server = SERVER.format(code=0, say=f"{write}; print('http://localhost:1', flush=True)")
    assert len(run(f"{server}\nkill -0 $(cat up)", folder=tmp_path)) == 2


def test_a_server_that_ends_badly_is_a_failure(tmp_path: Path) -> None:
    """Ctrl-C must lead to exit code 0."""
    with pytest.raises(CommandFailedError, match="exit code 3 after Ctrl-C"):
        run(SERVER.format(code=3, say="print('http://localhost:1', flush=True)"), folder=tmp_path)


def test_a_server_that_says_nothing_is_a_failure(tmp_path: Path) -> None:
    """A server must print its address in time."""
    with pytest.raises(CommandFailedError, match="printed no address"):
        run(SERVER.format(code=0, say="pass"), folder=tmp_path, patience=0.5)


def test_a_server_that_ends_at_once_is_a_failure(tmp_path: Path) -> None:
    """A server that ends before it prints its address has its own error."""
    with pytest.raises(CommandFailedError, match="ended with 4 before"):
        run("sh -c 'exit 4'  # Ctrl-C", folder=tmp_path)


def test_a_server_ends_with_its_block(tmp_path: Path) -> None:
    """A server is stopped at the end of its block, because the next block may use the same port."""
    server = SERVER.format(code=0, say="open('up', 'w'); print('http://localhost:1', flush=True)")
    server = server.replace("sys.exit(0)", "(__import__('os').remove('up'), sys.exit(0))")
    run(f"{server}\ntest -e up\n```\n```sh\ntest ! -e up", folder=tmp_path)


STARTER = """
import signal, subprocess, sys, time
service = subprocess.Popen(["sleep", "600"], start_new_session=True)
def stop(*_):
    {stop}
signal.signal(signal.SIGINT, stop)
with open({pids!r}, "w") as file:
    print(service.pid, file=file)
print("http://localhost:1", flush=True)
time.sleep(600)
"""
"""Like //:dev: starts a service in a new process group, and ends it after Ctrl-C."""


def starter(folder: Path, *, stop: str = "service.kill(), service.wait(), sys.exit()") -> str:
    """Return the command of a program that writes the process id of its service to the file `pids`."""
    program = folder / "starter.py"
    program.write_text(STARTER.format(stop=stop, pids=str(folder / "pids")))
    return f"python3 -I {program}  # Ctrl-C stops the service"


def have_ended(pids: Path) -> bool:
    """Return whether the processes in the file end within five seconds; a killed one may take a moment."""
    deadline = time.monotonic() + 5
    while not (ended := all(map(_has_ended, pids.read_text().split()))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return ended


def _has_ended(pid: str) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], stdout=subprocess.PIPE, check=False).stdout
    return not state.strip() or state.startswith(b"Z")


def test_services_end_when_a_later_command_fails(tmp_path: Path) -> None:
    """A server is interrupted after a failure too, so that it ends the services that it started."""
    with pytest.raises(CommandFailedError, match="exit code 1"):
        run(f"{starter(tmp_path)}\nfalse", folder=tmp_path)
    assert have_ended(tmp_path / "pids")


def test_services_of_a_server_that_ignores_ctrl_c_end(tmp_path: Path) -> None:
    """A server that does not end after Ctrl-C is killed together with the services that it started."""
    with pytest.raises(CommandFailedError, match="still running 3 s after Ctrl-C"):
        run(f"{starter(tmp_path, stop='return')}\ntrue", folder=tmp_path, patience=3.0)
    assert have_ended(tmp_path / "pids")


def test_background_processes_end_with_their_command(tmp_path: Path) -> None:
    """Processes that a command started and did not wait for end with it."""
    run("sleep 600 & echo $! > pids", folder=tmp_path)
    assert have_ended(tmp_path / "pids")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_processes(tmp_path: Path, number: signal.Signals) -> None:
    """After Ctrl-C or SIGTERM, servers and the current command end before the tool does."""
    pids = tmp_path / "pids"
    (tmp_path / "README.md").write_text(f"```sh\n{starter(tmp_path)}\nsleep 600 & echo $! >> {pids}; wait\n```\n")
    (tmp_path / "bazelw").write_text("#!/bin/sh\n")
    (tmp_path / "bazelw").chmod(0o755)
    _commit(tmp_path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "BUILD_WORKSPACE_DIRECTORY": str(tmp_path)}
    tool = subprocess.Popen([sys.executable, "-m", "tools.docs"], env=environment)
    deadline = time.monotonic() + 60
    while not pids.exists() or len(pids.read_text().split()) < 2:
        assert tool.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    tool.send_signal(number)
    assert tool.wait(60) == 130
    assert have_ended(pids)


def _commit(folder: Path) -> None:
    author = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)

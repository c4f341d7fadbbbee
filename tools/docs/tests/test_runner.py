"""Documented commands are run, and checked by their exit codes and output."""

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

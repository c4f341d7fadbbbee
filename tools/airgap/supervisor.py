"""Runs bubblewrap as if its command ran right here: signals and exit code are the command's."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Mapping
from typing import NoReturn

FORWARDED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
"""What a person or another program sends to end this one."""

FROM_KERNEL = 0x80
"""si_code of a signal that the terminal sent (SI_KERNEL, sigaction(2))."""

RESTORE = ["env", "--default-signal=HUP,INT,QUIT,TERM"]
"""Goes before the command inside, so that what bubblewrap ignores ends the command."""


def supervise(command: list[str], env: Mapping[str, str]) -> int:
    """Run bubblewrap and return the exit code of the command in it.

    bubblewrap would die of a Ctrl-C before its command has cleaned up, and hands no signal on. So
    it ignores them all: the terminal's reach the command by themselves, others go on from here.
    """
    watched = {*FORWARDED, signal.SIGCHLD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.set_inheritable(tell, True)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        become([command[0], "--info-fd", str(tell), *command[1:]], env)
    os.close(tell)
    inner = 0
    while True:
        received = signal.sigwaitinfo(watched)
        if received.si_signo == signal.SIGCHLD:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return exit_code(status)
        elif received.si_code != FROM_KERNEL:
            inner = inner or inner_process(told) or child
            with contextlib.suppress(ProcessLookupError):
                os.kill(inner, received.si_signo)


def become(command: list[str], env: Mapping[str, str]) -> NoReturn:
    """Turn this forked process into bubblewrap."""
    for number in FORWARDED:
        signal.signal(number, signal.SIG_IGN)
    try:
        os.execve(command[0], command, dict(env))  # noqa: S606 (no shell is the point)
    finally:
        os._exit(127)


def inner_process(told: int) -> int:
    """Return the process that bubblewrap started, as it tells itself, or 0."""
    text = b""
    while chunk := os.read(told, 4096):
        text += chunk
    match = re.search(rb'"child-pid": *(\d+)', text)
    return int(match[1]) if match else 0


def exit_code(status: int) -> int:
    """Return the exit code as a shell would see it: 128 and the signal for one who died of it."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code

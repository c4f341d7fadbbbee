"""Runs bubblewrap so that signals reach the command inside and its exit code is returned."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Mapping
from typing import NoReturn

FORWARDED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
"""Signals that end a program, passed on to the command inside."""

FROM_KERNEL = 0x80
"""si_code of a signal that the terminal sent (SI_KERNEL, sigaction(2))."""

RESTORE = ["env", "--default-signal=HUP,INT,QUIT,TERM"]
"""Prefix of the command inside: restores the signals that bubblewrap ignores."""


def supervise(command: list[str], env: Mapping[str, str]) -> int:
    """Run bubblewrap and return the exit code of the command in it.

    bubblewrap would end on Ctrl-C before its command has cleaned up, and it forwards no signal. So it ignores all of
    them. Signals of the terminal reach the command directly; others are forwarded here.
    """
    watched = {*FORWARDED, signal.SIGCHLD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.set_inheritable(tell, True)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        exec_child([command[0], "--info-fd", str(tell), *command[1:]], env)
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


def exec_child(command: list[str], env: Mapping[str, str]) -> NoReturn:
    """Replace this forked process with bubblewrap."""
    for number in FORWARDED:
        signal.signal(number, signal.SIG_IGN)
    try:
        os.execve(command[0], command, dict(env))  # noqa: S606 (no shell is the point)
    finally:
        os._exit(127)


def inner_process(told: int) -> int:
    """Return the id of the process that bubblewrap reports to have started, or 0."""
    text = b""
    while chunk := os.read(told, 4096):
        text += chunk
    match = re.search(rb'"child-pid": *(\d+)', text)
    return int(match[1]) if match else 0


def exit_code(status: int) -> int:
    """Return the exit code as a shell reports it: 128 plus the signal's number after a signal."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code

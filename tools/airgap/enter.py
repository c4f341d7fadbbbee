"""Runs a command inside the sealed root by bubblewrap, as if it ran right here: terminal, signals and exit code are the caller's."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
from collections.abc import Mapping
from typing import NoReturn

from tools.airgap import rc, trust, view
from tools.airgap.addresses import addresses, remember
from tools.airgap.places import Places
from tools.airgap.refusals import Refusal

FORWARDED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
"""What a person or a supervisor sends to end a program."""

FROM_KERNEL = 0x80
"""si_code of a signal that the terminal sent (SI_KERNEL, sigaction(2))."""

BWRAP = "/usr/bin/bwrap"


def run_inside(root: str, places: Places, command: list[str]) -> int:
    """Run the command inside the root and return its exit code.

    Raises:
        Refusal: bubblewrap is missing or may not do its work.
    """
    if not os.access(BWRAP, os.X_OK):
        from tools.airgap import host

        host.prepare(places)
    env = {**os.environ, "HOME": home(places)}
    return supervise([*bubblewrap(root, places, env), *command], view.environment(env))


def home(places: Places) -> str:
    """Return the caller's home folder, or a substitute for a caller without one."""
    named = os.environ.get("HOME", "")
    return named if len(named) > 1 and named.startswith("/") else os.path.join(places.cache, "home")


def bubblewrap(root: str, places: Places, env: Mapping[str, str]) -> list[str]:
    """Return the command that lays the view and waits for what follows it."""
    here = os.getcwd()
    seen = view.binds(places, workspace_of(here) or places.repository, env)
    seen += certificates(root, places, env)
    seen += [
        view.Bind(system_rc(root, places, env, seen), rc.TARGET),
        view.Bind(users(root, places, env["HOME"]), "/etc/passwd"),
    ]
    arguments = view.floor(root, [bind.target for bind in seen])
    # Bazel's sandbox mounts a /proc of its own, which the kernel allows only where the host's is whole.
    arguments += ["--dev-bind", "/dev", "/dev", "--dev-bind", "/proc", "/proc", "--ro-bind", "/sys", "/sys"]
    arguments += ["--tmpfs", "/run", "--tmpfs", "/var/tmp"]
    for bind in seen:
        arguments += bind.arguments()
    arguments += ["--remount-ro", "/", "--cap-add", "ALL", "--die-with-parent", "--chdir", here]
    # bubblewrap itself ignores what ends a program (see `supervise`); the command is not to.
    return [BWRAP, *arguments, "env", "--default-signal=HUP,INT,QUIT,TERM"]


def certificates(root: str, places: Places, env: Mapping[str, str]) -> list[view.Bind]:
    """Return the places of the certificates that this machine trusts."""
    bundle = trust.bundle(env)
    if not bundle:
        return []
    store = trust.java_store(root, os.path.join(places.cache, "etc"), bundle)
    return [view.Bind(bundle, trust.BUNDLES[0]), view.Bind(store, trust.JAVA_STORE)]


def workspace_of(folder: str) -> str:
    """Return the workspace that the folder lies in, or an empty string."""
    while folder != "/":
        if os.path.exists(os.path.join(folder, "MODULE.bazel")):
            return folder
        folder = os.path.dirname(folder)
    return ""


def system_rc(root: str, places: Places, env: Mapping[str, str], seen: list[view.Bind]) -> str:
    """Write Bazel's rc file for this view and return its path."""
    mark = hashlib.sha256(repr((root, seen)).encode()).hexdigest()[:16]
    checkout = hashlib.sha256(places.repository.encode()).hexdigest()[:16]
    text = rc.text(places, addresses(root, places, env), mark=mark)
    return written(os.path.join(places.cache, "etc", checkout, "bazelrc"), text)


def users(root: str, places: Places, home_folder: str) -> str:
    """Write the root's passwd with a line for the caller and return its path."""
    with open(os.path.join(root, "etc", "passwd"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    user, group = os.getuid(), os.getgid()
    if not any(line.split(":")[2] == str(user) for line in lines):
        name = re.sub(r"\W", "", os.environ.get("USER", "")) or "builder"
        lines.append(f"{name}:x:{user}:{group}::{home_folder}:/bin/bash")
    return written(os.path.join(places.cache, "etc", "passwd"), "\n".join(lines) + "\n")


def written(path: str, text: str) -> str:
    """Return the path of a file that holds the text, written only if it does not yet."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return path
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    remember(path, text)
    return path


def supervise(command: list[str], env: Mapping[str, str]) -> int:
    """Run bubblewrap and return the exit code of the command in it, handing on the signals that this process gets.

    bubblewrap stands between, would die of a Ctrl-C before its command has cleaned up, and hands nothing on. So it ignores
    these signals. What the terminal sends reaches the command by itself; what is sent to this process goes on from here.
    """
    watched = {*FORWARDED, signal.SIGCHLD}
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    status_read, status_write = os.pipe()
    child = os.fork()
    if child == 0:
        become([command[0], "--info-fd", str(status_write), *command[1:]], status_write, env, previous)
    os.close(status_write)
    inner = 0
    while True:
        received = signal.sigwaitinfo(watched)
        if received.si_signo == signal.SIGCHLD:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        elif received.si_code != FROM_KERNEL:
            inner = inner or inner_process(status_read)
            with contextlib.suppress(ProcessLookupError):
                os.kill(inner, received.si_signo)


def become(command: list[str], status: int, env: Mapping[str, str], mask: set[signal.Signals | int]) -> NoReturn:
    """Turn this forked process into bubblewrap."""
    os.set_inheritable(status, True)
    for number in FORWARDED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        os.execve(command[0], command, dict(env))
    finally:
        os._exit(127)


def inner_process(status: int) -> int:
    """Return the process that bubblewrap started, as it tells itself."""
    told = b""
    while chunk := os.read(status, 4096):
        told += chunk
    match = re.search(rb'"child-pid": *(\d+)', told)
    return int(match[1]) if match else 0

"""Makes a sealed root with mmdebstrap: Debian packages in a folder, less what nobody opens."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from typing import IO

from tools.airgap import host, mirrors
from tools.airgap.addresses import PACKAGE_INDEX_FILE
from tools.airgap.places import Places
from tools.airgap.progress import Stopwatch, say
from tools.airgap.refusals import Refusal

PHASES = {
    "running apt-get update": "reading the package lists",
    "downloading packages": "downloading",
    "extracting archives": "unpacking the base system",
    "installing essential": "installing the base system",
    "installing remaining": "installing Bazel and its tools, half of the time",
    "cleaning package": "cleaning up",
}
"""What mmdebstrap reports, and what that means to the person who waits."""

HEARTBEAT = 10
"""Seconds without news after which a line says that work goes on."""

SETUP = 'mkdir -p "$1/usr/share/man/man1"'
"""The JDK's post-install script writes there, trimmed or not."""

ASK_PIP = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"

CUSTOMIZE = " && ".join(
    [
        'cd "$1"',
        "mkdir -p etc/bazel usr/share/bazelw",
        "touch etc/bazel/bazelrc etc/pip.conf etc/npmrc etc/resolv.conf etc/hosts",
        f"chroot . python3 -c '{ASK_PIP}' >{PACKAGE_INDEX_FILE}",
        "rm -rf var/cache/* var/log/* usr/share/man/*",
    ]
)
"""Files for the host's to be laid over, and the one thing to remember of pip."""

UNPACK = 'set -o pipefail; mkdir "$1"; "${@:2}" | tar -x --directory="$1" --exclude="./dev/*"'
"""What an ordinary user makes with --mode=unshare is of other ids; what tar unpacks is not."""


def build(folder: str, places: Places, lock: int) -> str:
    """Make the root in the folder and return the version of its Bazel.

    Args:
        folder: does not exist yet.
        places: where the lists of packages and patterns are.
        lock: descriptor of the held lock, which mmdebstrap keeps if this process is killed.

    Raises:
        Refusal: the host or the mirror does not allow it.
    """
    host.prepare(places)
    watch = Stopwatch()
    mirror = mirrors.debian_mirror(os.environ)
    offer = mirrors.best_offer(mirror, series(places))
    say(f"making the sealed root, a minute once: Debian {offer.suite}, Bazel {offer.version}")
    if offer.expired:
        say(f"the mirror's {offer.suite} is past its date ({offer.expired}); used all the same")
    command = mmdebstrap(folder, places, mirror, offer)
    with open(os.path.join(places.sealed, "log"), "w+", encoding="utf-8") as log:
        if run(command, log, watch, lock) != 0:
            raise Refusal(f"mmdebstrap failed: {reason(log)} (all it said: {log.name})")
    watch.say("the sealed root is ready")
    return offer.version


def series(places: Places) -> str:
    """Return the versions that count as ours, `7.7.` for 7.7.1: Debian keeps only its newest."""
    with open(os.path.join(places.airgap, "bazel_version"), encoding="utf-8") as file:
        return file.read().strip().rpartition(".")[0] + "."


def entries(path: str) -> list[str]:
    """Read a list: one entry a line, `#` starts a comment."""
    with open(path, encoding="utf-8") as file:
        lines = [line.partition("#")[0].strip() for line in file]
    return [line for line in lines if line]


def mmdebstrap(
    folder: str,
    places: Places,
    mirror: mirrors.Mirror,
    offer: mirrors.Offer,
) -> list[str]:
    """Return the command that makes the root in the folder."""
    patterns = entries(os.path.join(places.airgap, "trimmed.txt"))
    command = [
        "mmdebstrap",
        "--variant=essential",
        "--include=" + ",".join(entries(os.path.join(places.airgap, "packages.txt"))),
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in patterns),
        f"--setup-hook={SETUP}",
        f"--customize-hook={CUSTOMIZE}",
    ]
    if offer.expired:
        command.append('--aptopt=Acquire::Check-Valid-Until "false"')
    if mirror.proxy:
        command.append(f'--aptopt=Acquire::http::Proxy "{mirror.proxy}"')
    if os.geteuid() == 0:
        # In namespaces of its own: what it mounts and starts is gone with it, however it ends.
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return [*alone, *command, "--mode=root", offer.suite, folder, mirror.url]
    unpack = ["bash", "-c", UNPACK, "bash", folder]
    return [*unpack, *command, "--mode=unshare", offer.suite, "-", mirror.url]


def run(command: list[str], log: IO[str], watch: Stopwatch, lock: int) -> int:
    """Run the command with a line for each of its phases and return its exit code."""
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": host.PATH},
        pass_fds=[lock],
    ) as process:
        try:
            follow(process.stderr, log, watch)
        except BaseException:
            process.kill()
            raise
    return process.returncode


def follow(pipe: IO[bytes] | None, log: IO[str], watch: Stopwatch) -> None:
    """Log each line, and tell the person who waits what it means."""
    phase = "starting"
    for line in lines(pipe) if pipe else ():
        if not line:
            watch.say(f"still {phase}")
            continue
        log.write(f"{line}\n")
        begun = next((meaning for sign, meaning in PHASES.items() if sign in line), None)
        if begun:
            phase = begun
            watch.say(phase)


def lines(pipe: IO[bytes]) -> Iterator[str]:
    """Yield each line without its end, and an empty one at each heartbeat without news."""
    rest = b""
    while True:
        if not select.select([pipe], [], [], HEARTBEAT)[0]:
            yield ""
            continue
        chunk = os.read(pipe.fileno(), 65536)
        if not chunk:
            return
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole if line)


def reason(log: IO[str]) -> str:
    """Return the error that came first, or the last line."""
    log.seek(0)
    said = [line.strip() for line in log if line.strip()] or ["it said nothing"]
    return next((line for line in said if line.startswith("E: ")), said[-1])

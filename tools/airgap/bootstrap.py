"""Creates a sealed root with mmdebstrap: Debian packages in a folder, without unneeded files."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from typing import IO

from tools.airgap import host, mirrors
from tools.airgap.addresses import PACKAGE_INDEX_FILE
from tools.airgap.errors import AirgapError
from tools.airgap.paths import Paths
from tools.airgap.progress import Stopwatch, say

PHASES = {
    "running apt-get update": "reading the package lists",
    "downloading packages": "downloading",
    "extracting archives": "unpacking the base system",
    "installing essential": "installing the base system",
    "installing remaining": "installing Bazel and its tools (half of the time)",
    "cleaning package": "cleaning up",
}
"""Progress lines of mmdebstrap and the text printed for each."""

HEARTBEAT = 10
"""Seconds without output after which a line says that the work continues."""

SETUP = 'mkdir -p "$1/usr/share/man/man1"'
"""The JDK's post-install script writes there, even if the folder is trimmed."""

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
"""Creates mount points for the host's files and stores pip's default index."""

UNPACK = 'set -o pipefail; mkdir "$1"; "${@:2}" | tar -x --directory="$1" --exclude="./dev/*"'
"""Unpacks a tar stream, so that files belong to the caller; with --mode=unshare they have mapped ids."""


def build(folder: str, paths: Paths, lock: int) -> str:
    """Make the root in the folder and return the version of its Bazel.

    Args:
        folder: The folder to create.
        paths: The checkout with the lists of packages and patterns.
        lock: Descriptor of the held lock, which mmdebstrap keeps if this process is killed.

    Raises:
        AirgapError: The host or the mirror does not permit it.
    """
    host.prepare(paths)
    watch = Stopwatch()
    mirror = mirrors.debian_mirror(os.environ)
    offer = mirrors.best_offer(mirror, series(paths))
    say(f"creating the sealed root, once, which takes about a minute: Debian {offer.suite}, Bazel {offer.version}")
    if offer.expired:
        say(f"the mirror's {offer.suite} is past its date ({offer.expired}); using it anyway")
    command = mmdebstrap(folder, paths, mirror, offer)
    with open(os.path.join(paths.sealed, "log"), "w+", encoding="utf-8") as log:
        if run(command, log, watch, lock) != 0:
            raise AirgapError(f"mmdebstrap failed: {reason(log)} (its output: {log.name})")
    watch.say("the sealed root is ready")
    return offer.version


def series(paths: Paths) -> str:
    """Return the prefix of acceptable versions, `7.7.` for 7.7.1, because Debian keeps only the newest."""
    with open(os.path.join(paths.airgap, "bazel_version"), encoding="utf-8") as file:
        return file.read().strip().rpartition(".")[0] + "."


def entries(path: str) -> list[str]:
    """Read a list: one entry a line, `#` starts a comment."""
    with open(path, encoding="utf-8") as file:
        lines = [line.partition("#")[0].strip() for line in file]
    return [line for line in lines if line]


def mmdebstrap(
    folder: str,
    paths: Paths,
    mirror: mirrors.Mirror,
    offer: mirrors.Offer,
) -> list[str]:
    """Return the command that makes the root in the folder."""
    patterns = entries(os.path.join(paths.airgap, "trimmed.txt"))
    command = [
        "mmdebstrap",
        "--variant=essential",
        "--include=" + ",".join(entries(os.path.join(paths.airgap, "packages.txt"))),
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
        # Separate mount and pid namespaces, so that its mounts and processes end with it.
        isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return [*isolated, *command, "--mode=root", offer.suite, folder, mirror.url]
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
    """Log each line, and print the phase that it begins."""
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

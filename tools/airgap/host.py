"""What the host must allow and have before a sealed root can be made or entered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

from tools.airgap.places import Places
from tools.airgap.progress import say
from tools.airgap.refusals import Refusal

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where Debian has its programs, also when the caller's PATH forgets the administrator's."""

PACKAGE_OF = {"mmdebstrap": "mmdebstrap", "bwrap": "bubblewrap"}
"""The two programs wanted from the host, and their Debian packages."""

ROOM = 1_500_000_000
"""Bytes that the making of a root takes at its peak."""

SETTINGS = {
    "/proc/sys/kernel/unprivileged_userns_clone": ("kernel.unprivileged_userns_clone", "0", "1"),
    "/proc/sys/user/max_user_namespaces": ("user.max_user_namespaces", "0", "15000"),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "kernel.apparmor_restrict_unprivileged_userns",
        "1",
        "0",
    ),
}
"""Where a kernel forbids user namespaces: the file, the setting, the value that forbids, the value that allows."""


def prepare(places: Places) -> None:
    """Check everything that can be known before the work begins, and install the two programs where possible.

    Raises:
        Refusal: naming what is missing and what would help.
    """
    if not sys.platform.startswith("linux"):
        raise Refusal("the sealed mode needs Linux; here Bazel needs the Bazel Central Registry and GitHub")
    check_namespaces()
    check_room(places.cache)
    install_missing()
    if os.geteuid() != 0:
        check_id_ranges()
        check_room(tempfile.gettempdir())


def missing_programs() -> list[str]:
    """Return the packages of the programs that the host lacks."""
    return [package for program, package in PACKAGE_OF.items() if not shutil.which(program, path=PATH)]


def install_missing() -> None:
    """Install the missing programs as root; tell anybody else the command."""
    packages = missing_programs()
    if not packages:
        return
    if not shutil.which("apt-get", path=PATH):
        raise Refusal(f"this is not Debian or a relative of it (no apt-get); install {' and '.join(packages)} first")
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        raise Refusal(f"please install what is missing: sudo {' '.join(command)}")
    say(f"installing {' and '.join(packages)} with apt-get")
    if apt(command) and (apt(["apt-get", "update"]) or apt(command)):
        raise Refusal(f"apt-get could not install {' and '.join(packages)}; see `{' '.join(command)}`")


def apt(command: list[str]) -> int:
    """Run apt-get without questions and return its exit code."""
    quiet = {**os.environ, "PATH": PATH, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def check_namespaces() -> None:
    """Refuse where neither root nor user namespaces give a mount table of our own."""
    mapped = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    attempt = subprocess.run(["unshare", *mapped, "--mount", "true"], capture_output=True, text=True)
    if attempt.returncode == 0:
        return
    if os.geteuid() == 0:
        raise Refusal(
            "this container may not make namespaces; start it with `--privileged`, or with "
            "`--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined`",
        )
    advice = forbidding_settings() or [f"unshare says: {attempt.stderr.strip()}"]
    raise Refusal(f"neither root nor user namespaces: {'; '.join(advice)}")


def forbidding_settings() -> list[str]:
    """Return a sentence for each kernel setting that forbids user namespaces."""
    advice = []
    for path, (name, forbidding, allowing) in SETTINGS.items():
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                if file.read().strip() == forbidding:
                    advice.append(f"{name} is {forbidding}; `sudo sysctl {name}={allowing}` allows them")
    return advice


def check_room(folder: str) -> None:
    """Refuse before a disk would run full."""
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        raise Refusal(f"{folder} has {free / 1e9:.1f} GB free, the sealed root needs {ROOM / 1e9:.1f} GB")


def check_id_ranges() -> None:
    """Refuse where an ordinary user cannot map the users of a Debian system."""
    import pwd

    user = pwd.getpwuid(os.getuid()).pw_name
    if not shutil.which("newuidmap", path=PATH):
        raise Refusal("newuidmap is missing: sudo apt-get install uidmap")
    for path in ("/etc/subuid", "/etc/subgid"):
        with open(path, encoding="utf-8") as file:
            if not any(line.split(":")[0] in (user, str(os.getuid())) for line in file):
                raise Refusal(f"{user} has no range in {path}: sudo usermod --add-subuids 100000-165535 "
                              f"--add-subgids 100000-165535 {user}")

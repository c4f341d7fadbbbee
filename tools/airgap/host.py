"""Check what the host must provide and permit before a sealed root can be made or entered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

from tools.airgap.errors import AirgapError
from tools.airgap.paths import Paths
from tools.airgap.progress import say

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where Debian has its programs, also those that an ordinary user's PATH forgets."""

PACKAGE_OF = {"mmdebstrap": "mmdebstrap", "bwrap": "bubblewrap"}
"""The two programs that the host needs, and their Debian packages."""

ROOM = 1_500_000_000
"""Bytes that the making of a root takes at its peak."""

ID_RANGES = ("/etc/subuid", "/etc/subgid")


class Setting(NamedTuple):
    """A kernel setting that can forbid user namespaces."""

    name: str
    forbids: str
    allows: str

    @property
    def path(self) -> str:
        """The setting's file in /proc/sys."""
        return "/proc/sys/" + self.name.replace(".", "/")


SETTINGS = (
    Setting("kernel.unprivileged_userns_clone", forbids="0", allows="1"),
    Setting("user.max_user_namespaces", forbids="0", allows="15000"),
    Setting("kernel.apparmor_restrict_unprivileged_userns", forbids="1", allows="0"),
)


SANDBOX = [
    *("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--mount"),
    *("sh", "-c", "mount -t proc proc /proc && mount -t sysfs -o ro,nosuid,nodev,noexec sysfs /sys"),
]
"""What Bazel's linux-sandbox does for a test without a network, as root too."""

CONTAINERS = (
    "a container has to be started with `--privileged`, or with `--cap-add SYS_ADMIN"
    " --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
    " --security-opt systempaths=unconfined`"
)


def prepare(paths: Paths) -> None:
    """Check the requirements before any work starts, and install the two programs if they are missing.

    Raises:
        AirgapError: naming what is missing and what would help.
    """
    if not sys.platform.startswith("linux"):
        raise AirgapError("neither the registry nor GitHub answers, and the sealed root needs Linux")
    check_namespaces()
    check_room(paths.cache)
    install_missing()
    if os.geteuid() != 0:
        check_id_ranges()
        check_room(tempfile.gettempdir())


def install_missing() -> None:
    """Install the missing programs if the user is root; otherwise raise an error that names the command."""
    packages = [name for program, name in PACKAGE_OF.items() if not shutil.which(program, path=PATH)]
    if not packages:
        return
    names = " and ".join(packages)
    if not shutil.which("apt-get", path=PATH):
        raise AirgapError(f"{names} missing, and there is no apt-get to install them with")
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        raise AirgapError(f"{names} missing: sudo {' '.join(command)}")
    say(f"installing {names} with apt-get")
    error = apt_get(command) and (apt_get(["apt-get", "update"]) or apt_get(command))
    if error:
        raise AirgapError(f"cannot install {names} with `{' '.join(command)}`: {error}")


def apt_get(command: list[str]) -> str:
    """Run apt-get non-interactively and return its first error, or an empty string."""
    quiet = {**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
    return (errors or ["it printed no reason"])[0]


def check_namespaces() -> None:
    """Raise an error if the root cannot be entered, or if Bazel's sandbox cannot be set up in it."""
    entering = ["unshare", "--mount"] if os.geteuid() == 0 else []
    attempt = subprocess.run([*entering, *SANDBOX], capture_output=True, text=True, check=False)
    if attempt.returncode != 0:
        said = attempt.stderr.strip().splitlines() or ["no reason given"]
        advice = forbidding() or [f"{said[0]}; {CONTAINERS}"]
        raise AirgapError(f"namespaces are forbidden here: {'; '.join(advice)}")


def forbidding() -> list[str]:
    """Return a sentence for each kernel setting that forbids user namespaces."""
    found = []
    for setting in SETTINGS:
        if os.path.exists(setting.path):
            with open(setting.path, encoding="ascii") as file:
                value = file.read().strip()
            if value == setting.forbids:
                cure = f"sudo sysctl {setting.name}={setting.allows}"
                found.append(f"{setting.name} is {value}, `{cure}` allows them")
    return found


def check_room(folder: str) -> None:
    """Raise an error if a disk has too little free space."""
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        free_gb, room_gb = free / 1e9, ROOM / 1e9
        raise AirgapError(f"{folder} has {free_gb:.1f} GB free; the sealed root needs {room_gb:.1f} GB")


def check_id_ranges() -> None:
    """Raise an error if the user is not root and cannot map the user ids of a Debian system."""
    import pwd

    user = pwd.getpwuid(os.getuid()).pw_name
    if not shutil.which("newuidmap", path=PATH):
        raise AirgapError("newuidmap missing: sudo apt-get install uidmap")
    for path in ID_RANGES:
        if not has_range(path, user):
            grant = "--add-subuids 100000-165535 --add-subgids 100000-165535"
            raise AirgapError(f"{user} has no range of ids in {path}: sudo usermod {grant} {user}")


def has_range(path: str, user: str) -> bool:
    """Tell whether the file grants the user a range of ids (subuid(5))."""
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as file:
        return any(line.split(":")[0] in {user, str(os.getuid())} for line in file)

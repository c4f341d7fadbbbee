"""Runs a command inside the sealed root, by bubblewrap."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping

from tools.airgap import bind_mounts, rc, supervisor, trust
from tools.airgap.addresses import addresses
from tools.airgap.paths import Paths, write_private

BWRAP = "/usr/bin/bwrap"

SYSTEM = ["--dev-bind", "/dev", "/dev", "--ro-bind", "/sys", "/sys", "--tmpfs", "/run"]
"""The kernel's folders."""

WHOLE_PROC = ["--dev-bind", "/proc", "/proc"]
"""The host's own: Bazel's sandbox mounts another, which the kernel allows beside a whole one."""


def run_inside(root: str, paths: Paths, command: list[str]) -> int:
    """Run the command inside the root and return its exit code.

    Raises:
        AirgapError: bubblewrap is missing or not permitted.
    """
    if not os.access(BWRAP, os.X_OK):
        from tools.airgap import host

        host.prepare(paths)
    env = {**os.environ, "HOME": home(paths)}
    entering = [*bubblewrap(root, paths, env), *supervisor.RESTORE]
    return supervisor.supervise([*entering, *command], bind_mounts.environment(env))


def home(paths: Paths) -> str:
    """Return the caller's home folder, or a substitute for a caller without one."""
    named = os.environ.get("HOME", "")
    return named.rstrip("/") if named.strip("/") else os.path.join(paths.cache, "home")


def bubblewrap(root: str, paths: Paths, env: Mapping[str, str]) -> list[str]:
    """Return the bubblewrap command with all mounts; the command to run is appended to it."""
    here = os.getcwd()
    mounts = bind_mounts.host_mounts(paths, workspace_of(here) or paths.repository, env)
    mounts += certificates(root, paths, env)
    mounts += [
        bind_mounts.BindMount(system_rc(root, paths, env, mounts), rc.TARGET),
        bind_mounts.BindMount(users(root, paths, env["HOME"]), "/etc/passwd"),
    ]
    arguments = bind_mounts.rootfs_mounts(root, [mount.target for mount in mounts]) + SYSTEM + WHOLE_PROC
    for mount in mounts:
        arguments += mount.arguments()
    arguments += ["--remount-ro", "/", "--cap-add", "ALL", "--die-with-parent", "--chdir", here]
    return [BWRAP, *arguments]


def workspace_of(folder: str) -> str:
    """Return the workspace that contains the folder, or an empty string."""
    while folder != "/":
        if os.path.exists(os.path.join(folder, "MODULE.bazel")):
            return folder
        folder = os.path.dirname(folder)
    return ""


def certificates(root: str, paths: Paths, env: Mapping[str, str]) -> list[bind_mounts.BindMount]:
    """Return the mounts of the certificates that this machine trusts."""
    bundle = trust.bundle(env)
    if not bundle:
        return []
    store = trust.java_store(root, paths.settings, bundle)
    return [bind_mounts.BindMount(bundle, trust.BUNDLES[0]), bind_mounts.BindMount(store, trust.JAVA_STORE)]


def system_rc(root: str, paths: Paths, env: Mapping[str, str], mounts: list[bind_mounts.BindMount]) -> str:
    """Write Bazel's rc file for these mounts and return its path."""
    named = addresses(root, paths, env)
    mark = mark_of(root, mounts, options=rc.text(paths, named, mark=""))
    checkout = hashlib.sha256(paths.repository.encode()).hexdigest()[:16]
    text = rc.text(paths, named, mark=mark)
    return write_private(os.path.join(paths.settings, f"bazelrc-{checkout}"), text)


def mark_of(root: str, mounts: list[bind_mounts.BindMount], *, options: str = "") -> str:
    """Return a hash of the mounts (path, device and inode) and of the rc file's text.

    A running Bazel server keeps the mounts it started with, even if a mounted file was replaced since, and tests that
    start a Bazel would read the old rc file. A changed hash restarts the server.
    """
    shown = []
    for mount in mounts:
        about = os.stat(mount.source or "/")
        shown.append((mount, about.st_dev, about.st_ino))
    return hashlib.sha256(repr((root, shown, options)).encode()).hexdigest()[:16]


def users(root: str, paths: Paths, home_folder: str) -> str:
    """Write the root's passwd with a line for the caller and return its path."""
    with open(os.path.join(root, "etc", "passwd"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    user, group = os.getuid(), os.getgid()
    if not any(line.split(":")[2] == str(user) for line in lines):
        name = re.sub(r"\W", "", os.environ.get("USER", "")) or "builder"
        lines.append(f"{name}:x:{user}:{group}::{home_folder}:/bin/bash")
    return write_private(os.path.join(paths.settings, "passwd"), "\n".join(lines) + "\n")

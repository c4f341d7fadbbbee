"""Runs a command inside the sealed root, by bubblewrap."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping

from tools.airgap import rc, supervisor, trust, view
from tools.airgap.addresses import addresses
from tools.airgap.places import Places, written

BWRAP = "/usr/bin/bwrap"

SYSTEM = ["--dev-bind", "/dev", "/dev", "--ro-bind", "/sys", "/sys", "--tmpfs", "/run"]
"""The kernel's folders."""

WHOLE_PROC = ["--dev-bind", "/proc", "/proc"]
"""The host's own: Bazel's sandbox mounts another, which the kernel allows beside a whole one."""


def run_inside(root: str, places: Places, command: list[str]) -> int:
    """Run the command inside the root and return its exit code.

    Raises:
        Refusal: bubblewrap is missing or may not do its work.
    """
    if not os.access(BWRAP, os.X_OK):
        from tools.airgap import host

        host.prepare(places)
    env = {**os.environ, "HOME": home(places)}
    entering = [*bubblewrap(root, places, env), *supervisor.RESTORE]
    return supervisor.supervise([*entering, *command], view.environment(env))


def home(places: Places) -> str:
    """Return the caller's home folder, or a substitute for a caller without one."""
    named = os.environ.get("HOME", "")
    return named.rstrip("/") if named.strip("/") else os.path.join(places.cache, "home")


def bubblewrap(root: str, places: Places, env: Mapping[str, str]) -> list[str]:
    """Return the command that lays the view; what runs in it follows."""
    here = os.getcwd()
    seen = view.binds(places, workspace_of(here) or places.repository, env)
    seen += certificates(root, places, env)
    seen += [
        view.Bind(system_rc(root, places, env, seen), rc.TARGET),
        view.Bind(users(root, places, env["HOME"]), "/etc/passwd"),
    ]
    arguments = view.floor(root, [bind.target for bind in seen]) + SYSTEM + WHOLE_PROC
    for bind in seen:
        arguments += bind.arguments()
    arguments += ["--remount-ro", "/", "--cap-add", "ALL", "--die-with-parent", "--chdir", here]
    return [BWRAP, *arguments]


def workspace_of(folder: str) -> str:
    """Return the workspace that the folder lies in, or an empty string."""
    while folder != "/":
        if os.path.exists(os.path.join(folder, "MODULE.bazel")):
            return folder
        folder = os.path.dirname(folder)
    return ""


def certificates(root: str, places: Places, env: Mapping[str, str]) -> list[view.Bind]:
    """Return the places of the certificates that this machine trusts."""
    bundle = trust.bundle(env)
    if not bundle:
        return []
    store = trust.java_store(root, places.settings, bundle)
    return [view.Bind(bundle, trust.BUNDLES[0]), view.Bind(store, trust.JAVA_STORE)]


def system_rc(root: str, places: Places, env: Mapping[str, str], seen: list[view.Bind]) -> str:
    """Write Bazel's rc file for this view and return its path."""
    named = addresses(root, places, env)
    mark = mark_of(root, seen, options=rc.text(places, named, mark=""))
    checkout = hashlib.sha256(places.repository.encode()).hexdigest()[:16]
    text = rc.text(places, named, mark=mark)
    return written(os.path.join(places.settings, f"bazelrc-{checkout}"), text)


def mark_of(root: str, seen: list[view.Bind], *, options: str = "") -> str:
    """Return a name for what is seen: which places, which file or folder each one is, and the text of the rc file.

    A server goes on seeing a folder or file that was deleted, also when there is another in its place; tests that start
    a Bazel would read the old rc file.
    """
    shown = []
    for bind in seen:
        about = os.stat(bind.source or "/")
        shown.append((bind, about.st_dev, about.st_ino))
    return hashlib.sha256(repr((root, shown, options)).encode()).hexdigest()[:16]


def users(root: str, places: Places, home_folder: str) -> str:
    """Write the root's passwd with a line for the caller and return its path."""
    with open(os.path.join(root, "etc", "passwd"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    user, group = os.getuid(), os.getgid()
    if not any(line.split(":")[2] == str(user) for line in lines):
        name = re.sub(r"\W", "", os.environ.get("USER", "")) or "builder"
        lines.append(f"{name}:x:{user}:{group}::{home_folder}:/bin/bash")
    return written(os.path.join(places.settings, "passwd"), "\n".join(lines) + "\n")

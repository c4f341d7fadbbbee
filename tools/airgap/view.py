"""What of the host is seen inside the sealed root, and under which names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tools.airgap import credentials, indexes
from tools.airgap.places import Places

FLOOR = ("bin", "etc", "lib", "lib64", "sbin", "usr", "var")
"""What of the sealed root itself is seen; the host's places take the rest."""

HOME_FILES = (
    ".bazelrc",
    ".config/containers/auth.json",
    ".config/git",
    ".config/pip",
    ".config/uv",
    ".docker/config.json",
    ".gitconfig",
    ".netrc",
    ".npmrc",
    ".pip",
)
"""Settings that change what a build may reach; nothing else of the home folder is seen."""

CONFIG_FOLDERS = ("containers", "git", "pip", "uv")
"""The same under XDG_CONFIG_HOME, where that is elsewhere."""

NAMING = (
    "CURL_CA_BUNDLE",
    "DOCKER_CONFIG",
    "GIT_CONFIG_GLOBAL",
    "NETRC",
    "NODE_EXTRA_CA_CERTS",
    "NPM_CONFIG_USERCONFIG",
    "PIP_CONFIG_FILE",
    "REGISTRY_AUTH_FILE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)
"""Variables that name a file or folder of settings."""

HOST_ONLY = {
    "BASH_ENV",
    "CC",
    "CPP",
    "CXX",
    "ENV",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "TMPDIR",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
}
"""Variables about programs and folders of the host that are not there inside."""

HOST_ONLY_BEGINNINGS = ("BAZELW_", "JAVA_", "JDK_", "LD_", "PERL5", "XDG_DATA_", "_JAVA_")
"""More of them, by how they begin."""

PATH = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
"""Where programs are inside; the folders of credential helpers follow."""

TEMPORARY = "/tmp"  # noqa: S108 (the folder itself, not a file with a guessable name)


class Bind(NamedTuple):
    """A place of the host as it is seen inside; without a source, an empty folder."""

    source: str
    target: str
    writable: bool = False

    def arguments(self) -> list[str]:
        """Return it as bubblewrap's arguments."""
        if not self.source:
            return ["--tmpfs", self.target]
        return ["--bind" if self.writable else "--ro-bind", self.source, self.target]


def binds(places: Places, workspace: str, env: Mapping[str, str]) -> list[Bind]:
    """Return everything of the host that is seen inside, parents before what lies in them."""
    own = [workspace, places.repository, places.cache, TEMPORARY, *history(workspace), *extra(env)]
    found = [Bind(path, path, writable=True) for path in own]
    found += [Bind(path, path) for path in settings_of(env)]
    found += [Bind(os.path.realpath(path), path) for path in credentials.visible_paths(env) if os.path.exists(path)]
    for path in ("/etc/hosts", "/etc/resolv.conf"):
        if os.path.isfile(path):
            found.append(Bind(os.path.realpath(path), path))
    found.append(Bind("", env["HOME"]))
    return sorted({bind.target: bind for bind in reversed(found)}.values(), key=lambda bind: bind.target)


def extra(env: Mapping[str, str]) -> list[str]:
    """Return the places that BAZELW_BINDS adds, a list with colons."""
    return [os.path.realpath(path) for path in env.get("BAZELW_BINDS", "").split(":") if os.path.exists(path)]


def settings_of(env: Mapping[str, str]) -> list[str]:
    """Return the user's and the machine's files of settings that exist."""
    home, config = env.get("HOME", ""), env.get("XDG_CONFIG_HOME", "")
    candidates = [os.path.join(home, name) for name in HOME_FILES] if home else []
    candidates += [os.path.join(config, name) for name in CONFIG_FOLDERS] if config else []
    candidates += [env[name] for name in NAMING if env.get(name)]
    candidates += ["/etc/pip.conf", "/etc/npmrc", *indexes.local_paths(indexes.pip_settings(env))]
    return [path for path in candidates if path.startswith("/") and path != os.devnull and os.path.exists(path)]


def history(workspace: str) -> list[str]:
    """Return the git folder that a linked worktree keeps elsewhere."""
    link = os.path.join(workspace, ".git")
    if not os.path.isfile(link):
        return []
    with open(link, encoding="utf-8") as file:
        folder = os.path.join(workspace, file.read().partition("gitdir:")[2].strip())
    common = os.path.join(folder, "commondir")
    if os.path.isfile(common):
        with open(common, encoding="utf-8") as file:
            folder = os.path.join(folder, file.read().strip())
    return [os.path.realpath(folder)] if os.path.isdir(folder) else []


def floor(root: str, targets: Iterable[str], inside: str = "") -> list[str]:
    """Return bubblewrap's arguments that lay the sealed root, read-only.

    A folder of it in which the host's places need a new mount point is laid entry by entry.
    """
    wanted = list(targets)
    arguments: list[str] = []
    for name in sorted(os.listdir(root + inside)) if inside else FLOOR:
        path = f"{inside}/{name}"
        if os.path.islink(root + path):
            arguments += ["--symlink", os.readlink(root + path), path]
        elif any(target.startswith(path + "/") and not os.path.lexists(root + target) for target in wanted):
            arguments += floor(root, wanted, path)
        elif os.path.exists(root + path):
            arguments += ["--ro-bind", root + path, path]
    return arguments


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's variables less those that mean nothing inside, with a PATH that does."""
    kept = {
        name: value
        for name, value in env.items()
        if name not in HOST_ONLY and not name.startswith(HOST_ONLY_BEGINNINGS)
    }
    if login := credentials.podman_login(env):
        kept.setdefault("REGISTRY_AUTH_FILE", login)
    path = [*PATH, *(folder for folder in credentials.search_path(env) if folder not in PATH)]
    return {**kept, "PATH": ":".join(path), "BAZELW_INSIDE": "1"}

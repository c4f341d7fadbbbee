"""Mounts of the sealed root: which paths of the host and of the root are visible inside, and where."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tools.airgap import credentials, indexes
from tools.airgap.paths import Paths

ROOTFS_FOLDERS = ("bin", "etc", "lib", "lib64", "sbin", "usr", "var")
"""Top-level folders mounted from the sealed root itself; everything else comes from the host."""

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
"""Settings files in the home folder that are mounted; nothing else of the home folder is visible."""

CONFIG_FOLDERS = ("containers", "git", "pip", "uv")
"""The same under XDG_CONFIG_HOME, if that is another folder."""

SETTINGS_VARIABLES = (
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
"""Variables about programs and folders of the host that do not exist inside the root."""

HOST_ONLY_PREFIXES = ("BAZELW_", "JAVA_", "JDK_", "LD_", "PERL5", "XDG_DATA_", "_JAVA_")
"""Prefixes of further such variables."""

PATH = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
"""PATH inside the root; the folders of credential helpers are appended."""

TEMPORARY = "/tmp"  # noqa: S108 (the folder itself, not a file with a guessable name)


class BindMount(NamedTuple):
    """A path of the host mounted at `target` in the root; without a source, an empty tmpfs."""

    source: str
    target: str
    writable: bool = False

    def arguments(self) -> list[str]:
        """Return bubblewrap's arguments for this mount."""
        if not self.source:
            return ["--tmpfs", self.target]
        return ["--bind" if self.writable else "--ro-bind", self.source, self.target]


def host_mounts(paths: Paths, workspace: str, env: Mapping[str, str]) -> list[BindMount]:
    """Return the mounts of the host's paths, parents before their children."""
    own = [workspace, paths.repository, paths.cache, TEMPORARY, *git_folder(workspace), *extra_paths(env)]
    found = [BindMount(path, path, writable=True) for path in own]
    found += [BindMount(path, path) for path in settings_files(env)]
    found += [
        BindMount(os.path.realpath(path), path) for path in credentials.visible_paths(env) if os.path.exists(path)
    ]
    for path in ("/etc/hosts", "/etc/resolv.conf"):
        if os.path.isfile(path):
            found.append(BindMount(os.path.realpath(path), path))
    found.append(BindMount("", env["HOME"]))
    return sorted({bind.target: bind for bind in reversed(found)}.values(), key=lambda bind: bind.target)


def extra_paths(env: Mapping[str, str]) -> list[str]:
    """Return the existing paths in BAZELW_BINDS, which is separated by colons."""
    return [os.path.realpath(path) for path in env.get("BAZELW_BINDS", "").split(":") if os.path.exists(path)]


def settings_files(env: Mapping[str, str]) -> list[str]:
    """Return the settings files of the user and of the machine that exist."""
    home, config = env.get("HOME", ""), env.get("XDG_CONFIG_HOME", "")
    candidates = [os.path.join(home, name) for name in HOME_FILES] if home else []
    candidates += [os.path.join(config, name) for name in CONFIG_FOLDERS] if config else []
    candidates += [env[name] for name in SETTINGS_VARIABLES if env.get(name)]
    candidates += ["/etc/pip.conf", "/etc/npmrc", *indexes.local_paths(indexes.pip_settings(env))]
    return [path for path in candidates if path.startswith("/") and path != os.devnull and os.path.exists(path)]


def git_folder(workspace: str) -> list[str]:
    """Return the git folder of a linked worktree, or an empty list for an ordinary clone."""
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


def rootfs_mounts(root: str, targets: Iterable[str], inside: str = "") -> list[str]:
    """Return bubblewrap's arguments that mount the sealed root read-only.

    A folder that needs a new mount point for one of the host's paths is mounted entry by entry, because bubblewrap
    cannot create a mount point in a read-only folder.
    """
    wanted = list(targets)
    arguments: list[str] = []
    for name in sorted(os.listdir(root + inside)) if inside else ROOTFS_FOLDERS:
        path = f"{inside}/{name}"
        if os.path.islink(root + path):
            arguments += ["--symlink", os.readlink(root + path), path]
        elif any(target.startswith(path + "/") and not os.path.lexists(root + target) for target in wanted):
            arguments += rootfs_mounts(root, wanted, path)
        elif os.path.exists(root + path):
            arguments += ["--ro-bind", root + path, path]
    return arguments


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment without the variables that are invalid inside, and with PATH set for the root."""
    kept = {
        name: value for name, value in env.items() if name not in HOST_ONLY and not name.startswith(HOST_ONLY_PREFIXES)
    }
    if login := credentials.podman_login(env):
        kept.setdefault("REGISTRY_AUTH_FILE", login)
    path = [*PATH, *(folder for folder in credentials.search_path(env) if folder not in PATH)]
    return {**kept, "PATH": ":".join(path), "BAZELW_INSIDE": "1"}

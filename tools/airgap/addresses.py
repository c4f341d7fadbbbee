"""The addresses of mirrors and indexes that Bazel's repository rules receive as environment variables.

The result of the lookup is cached until the configuration of this machine changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from tools.airgap import apt, indexes
from tools.airgap.errors import AirgapError
from tools.airgap.paths import Paths, write_private

PACKAGE_INDEX_FILE = "usr/share/bazelw/package-index"
"""In the root: the address that pip uses without configuration."""

SPOKEN = ("DEBIAN_", "HOME", "NPM_CONFIG_", "PIP_", "VIRTUAL_ENV", "XDG_", "npm_config_")
"""Beginnings of the variables that the look-ups read."""


def addresses(root: str, paths: Paths, env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for `--repo_env`, under the names that users set in the environment."""
    path = os.path.join(paths.settings, "addresses.json")
    asked = fingerprint(root, env)
    answer = remembered(path, asked)
    if answer is None:
        answer = look_up(root, env)
        if "DEBIAN_MIRROR" in answer:
            write_private(path, json.dumps({"asked": asked, "answer": answer}, indent=1))
    return answer


def remembered(path: str, asked: str) -> dict[str, str] | None:
    """Return the cached addresses if the fingerprint of the configuration is unchanged."""
    try:
        with open(path, encoding="utf-8") as file:
            last = json.load(file)
        return dict(last["answer"]) if last["asked"] == asked else None
    except (OSError, ValueError, KeyError):
        return None


def fingerprint(root: str, env: Mapping[str, str]) -> str:
    """Return a string that changes when a lookup might return another result."""
    files = [*indexes.pip_files(env), *indexes.npm_files(env), *apt.source_files()]
    stamps = [f"{path} {os.stat(path).st_mtime_ns}" for path in files if os.path.exists(path)]
    spoken = [f"{name}={env[name]}" for name in sorted(env) if name.startswith(SPOKEN)]
    return "\n".join([root, *stamps, *spoken])


def look_up(root: str, env: Mapping[str, str]) -> dict[str, str]:
    """Ask the configuration of apt, pip and npm."""
    settings = indexes.pip_settings(env)
    answer = {"PIP_INDEX_URL": settings.get("index-url") or default_index(root)}
    if settings.get("extra-index-url"):
        answer["PIP_EXTRA_INDEX_URL"] = " ".join(settings["extra-index-url"].split())
    registry = indexes.npm_registry(env)
    if registry:
        answer["NPM_CONFIG_REGISTRY"] = registry
    return {**answer, **debian(env)}


def debian(env: Mapping[str, str]) -> dict[str, str]:
    """Return the mirrors of Debian's archives, and apt's proxy for them if the environment sets no proxy."""
    from tools.airgap import mirrors

    try:
        mirror = mirrors.debian_mirror(env)
    except AirgapError:
        return {}  # A repository rule that needs a mirror reports the error.
    proxied = mirror.proxy and not env.get("http_proxy")
    security = mirrors.security_mirror(env)
    return {
        "DEBIAN_MIRROR": mirror.url,
        **({"DEBIAN_SECURITY_MIRROR": security.url} if security else {}),
        **({"http_proxy": mirror.proxy or ""} if proxied else {}),
    }


def default_index(root: str) -> str:
    """Return the index of pip in the sealed root, which was stored when the root was created."""
    with open(os.path.join(root, PACKAGE_INDEX_FILE), encoding="utf-8") as file:
        return file.read().strip()

"""The addresses that Bazel's repository rules are told, looked up once and remembered until the configuration changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from tools.airgap import indexes, mirrors
from tools.airgap.places import Places
from tools.airgap.refusals import Refusal

SPOKEN = ("DEBIAN_MIRROR", "PIP_", "NPM_CONFIG_", "npm_config_", "VIRTUAL_ENV", "XDG_CONFIG", "HOME")
"""Beginnings of the variables that the look-ups read."""


def addresses(root: str, places: Places, env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for `--repo_env`, named as a person would set them."""
    path = os.path.join(places.cache, "addresses.json")
    asked = fingerprint(root, env)
    try:
        with open(path, encoding="utf-8") as file:
            remembered = json.load(file)
        if remembered["asked"] == asked:
            return dict(remembered["answer"])
    except (OSError, ValueError, KeyError):
        pass
    answer = look_up(root, env)
    if "DEBIAN_MIRROR" in answer:
        remember(path, json.dumps({"asked": asked, "answer": answer}, indent=1))
    return answer


def fingerprint(root: str, env: Mapping[str, str]) -> str:
    """Return a text that changes when a look-up might answer differently."""
    files = [*indexes.pip_files(env), *indexes.npm_files(env), mirrors.SOURCES_LIST, *mirrors.source_files()]
    stamps = [f"{path} {os.stat(path).st_mtime_ns}" for path in files if os.path.exists(path)]
    variables = [f"{name}={value}" for name, value in sorted(env.items()) if name.startswith(SPOKEN)]
    return "\n".join([root, *stamps, *variables])


def look_up(root: str, env: Mapping[str, str]) -> dict[str, str]:
    """Ask the configuration of apt, pip and npm."""
    answer: dict[str, str] = {}
    try:
        mirror = mirrors.debian_mirror(env)
    except Refusal:
        pass  # The repository rule that wants it says so, if one does.
    else:
        answer["DEBIAN_MIRROR"] = mirror.url
        if mirror.proxy and not env.get("http_proxy"):
            answer["http_proxy"] = mirror.proxy
    settings = indexes.pip_settings(env)
    answer["PIP_INDEX_URL"] = settings.get("index-url") or default_index(root)
    if settings.get("extra-index-url"):
        answer["PIP_EXTRA_INDEX_URL"] = " ".join(settings["extra-index-url"].split())
    registry = indexes.npm_registry(env)
    if registry:
        answer["NPM_CONFIG_REGISTRY"] = registry
    return answer


def default_index(root: str) -> str:
    """Return the index that pip names itself; the root's own pip was asked when the root was made."""
    from tools.airgap.bootstrap import PACKAGE_INDEX_FILE

    with open(os.path.join(root, PACKAGE_INDEX_FILE), encoding="utf-8") as file:
        return file.read().strip()


def remember(path: str, text: str) -> None:
    """Write the file whole, for its owner's eyes: addresses may hold passwords."""
    part = f"{path}.{os.getpid()}"
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(part, path)

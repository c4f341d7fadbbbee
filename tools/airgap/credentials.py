"""Logins to registries that tools inside the sealed root need: podman's file, and Docker's credential helpers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping

HELPER_FOLDERS = {
    "acr-env": (".azure",),
    "ecr-login": (".aws", ".ecr"),
    "gcloud": (".config/gcloud",),
    "gcr": (".config/gcloud", ".docker/docker_credential_gcr_config.json"),
    "pass": (".password-store", ".gnupg"),
}
"""Settings of credential helpers in the home folder. It is seen inside only where Docker's settings name the helper."""


def docker_config(env: Mapping[str, str]) -> str:
    """Return the path of Docker's file of settings, which may not exist."""
    folder = env.get("DOCKER_CONFIG") or os.path.join(env.get("HOME", ""), ".docker")
    return os.path.join(folder, "config.json")


def helper_names(env: Mapping[str, str]) -> list[str]:
    """Return the credential helpers that Docker's settings name (`credsStore`, `credHelpers`), each once."""
    try:
        with open(docker_config(env), encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError):
        return []
    if not isinstance(config, dict):
        return []
    by_registry = config.get("credHelpers")
    named = [config.get("credsStore"), *(by_registry.values() if isinstance(by_registry, dict) else ())]
    return sorted({name for name in named if isinstance(name, str) and name and "/" not in name})


def helpers(env: Mapping[str, str]) -> dict[str, str]:
    """Return the named helpers that are installed: their paths by their names."""
    path = env.get("PATH", os.defpath)
    found = {name: shutil.which(f"docker-credential-{name}", path=path) for name in helper_names(env)}
    return {name: os.path.abspath(program) for name, program in found.items() if program}


def podman_login(env: Mapping[str, str]) -> str:
    """Return the file that `podman login` writes below XDG_RUNTIME_DIR, or an empty string."""
    folder = env.get("XDG_RUNTIME_DIR", "")
    path = os.path.join(folder, "containers", "auth.json")
    return path if folder and os.path.isfile(path) else ""


def visible_paths(env: Mapping[str, str]) -> Iterator[str]:
    """Yield the files and folders that have to be seen inside."""
    home = env.get("HOME", "")
    for name, program in helpers(env).items():
        yield program
        yield from (os.path.join(home, folder) for folder in HELPER_FOLDERS.get(name, ()) if home)
    if login := podman_login(env):
        yield login


def search_path(env: Mapping[str, str]) -> list[str]:
    """Return the folders of the helpers, for PATH."""
    return list(dict.fromkeys(os.path.dirname(program) for program in helpers(env).values()))

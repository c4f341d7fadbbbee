"""The package indexes of this machine for Python and npm, from the settings of pip and npm."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping

PIP_PATHS = ("index-url", "extra-index-url", "find-links", "cert", "client-cert")
"""Options of pip that may name files or folders."""


def pip_files(env: Mapping[str, str]) -> list[str]:
    """Return the files that pip reads, in order of increasing precedence (pip's user guide, "Configuration Files")."""
    home = env.get("HOME", "/")
    folders = env.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
    user = env.get("XDG_CONFIG_HOME", os.path.join(home, ".config"))
    named = env.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    files = [os.path.join(folder, "pip", "pip.conf") for folder in folders]
    files += [
        "/etc/pip.conf",
        os.path.join(home, ".pip", "pip.conf"),
        os.path.join(user, "pip", "pip.conf"),
    ]
    files += [os.path.join(env["VIRTUAL_ENV"], "pip.conf")] if env.get("VIRTUAL_ENV") else []
    return [*files, named] if named else files


def pip_settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings by option name: files first, `PIP_*` over them."""
    parser = configparser.RawConfigParser(strict=False)
    parser.read(pip_files(env), encoding="utf-8")
    settings: dict[str, str] = {}
    for section in ("global", "download", "install"):
        if parser.has_section(section):
            settings.update({name.replace("_", "-"): value for name, value in parser.items(section)})
    for name, value in env.items():
        if name.startswith("PIP_") and value:
            settings[name[len("PIP_") :].lower().replace("_", "-")] = value
    return settings


def local_paths(settings: Mapping[str, str]) -> list[str]:
    """Return the local files and folders in pip's settings."""
    words = [word for name in PIP_PATHS for word in settings.get(name, "").split()]
    paths = [re.sub(r"^file://(localhost)?", "", word) for word in words]
    return [path for path in paths if path.startswith("/") and os.path.exists(path)]


def npm_files(env: Mapping[str, str]) -> list[str]:
    """Return the configuration files that npm reads, in order of increasing precedence."""
    user = env.get("NPM_CONFIG_USERCONFIG", os.path.join(env.get("HOME", "/"), ".npmrc"))
    return ["/etc/npmrc", user]


def npm_registry(env: Mapping[str, str]) -> str:
    """Return the npm registry that this machine uses, or an empty string if none is configured."""
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if env.get(name):
            return env[name]
    for path in reversed(npm_files(env)):
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                match = re.search(r"^registry\s*=\s*(\S+)", file.read(), re.MULTILINE)
            if match:
                return match[1]
    return ask_npm(env)


def ask_npm(env: Mapping[str, str]) -> str:
    """Return the registry that npm reports, or an empty string without npm."""
    import shutil
    import subprocess

    npm = shutil.which("npm", path=env.get("PATH"))
    if not npm:
        return ""
    asked = [npm, "config", "get", "registry"]
    said = subprocess.run(asked, capture_output=True, text=True, cwd="/", check=False).stdout.strip()
    return said if said.startswith("http") else ""

"""Passwords and identity tokens of registries, from where `docker login` left them."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# `docker login` keeps the password of Docker's own registry under the address of a service that is no more.
_NAMES = {"docker.io": "https://index.docker.io/v1/"}


# What a credential helper calls the user whose secret is an identity token (docker-credential-helpers, "Usage").
_TOKEN_USER = "<token>"  # noqa: S105 - no secret, the name of one


@dataclass(frozen=True, kw_only=True)
class Login:
    """How to show who asks: by the value of an `Authorization: Basic` header, or by an identity token."""

    basic: str | None = field(default=None, repr=False)
    identity_token: str | None = field(default=None, repr=False)


def login_for(registry: str) -> Login:
    """What is known of a registry; an empty login where nobody logged in."""
    config, name = _config(), _NAMES.get(registry, registry)
    helper = config.get("credHelpers", {}).get(name) or config.get("credsStore")
    entry = config.get("auths", {}).get(name, {})
    if token := entry.get("identitytoken"):
        return Login(identity_token=token)
    if basic := entry.get("auth"):
        return Login(basic=f"Basic {basic}")
    return _ask(helper, name) if helper else Login()


def _config() -> dict[str, Any]:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    except FileNotFoundError:
        return {}
    return config


def _ask(helper: str, registry: str) -> Login:
    """Ask a credential helper (docker-credential-helpers' protocol: host in, JSON out)."""
    command = [f"docker-credential-{helper}", "get"]
    done = subprocess.run(command, input=registry, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return Login()
    answer = json.loads(done.stdout)
    user, secret = answer["Username"], answer["Secret"]
    if user == _TOKEN_USER:
        return Login(identity_token=secret)
    return Login(basic="Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode())

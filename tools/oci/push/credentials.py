"""Passwords and identity tokens of registries, from where `docker login` left them."""

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# `docker login` keeps the password of Docker's own registry under the address of a service that is no more.
_NAMES = {"docker.io": "https://index.docker.io/v1/"}


# What a credential helper calls the user whose secret is an identity token (docker-credential-helpers, "Usage").
_TOKEN_USER = "<token>"  # noqa: S105 - no secret, the name of one


class UnreadableLoginError(ValueError):
    """What `docker login` left is not what it was."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """How to show who asks: by the value of an `Authorization: Basic` header, or by an identity token."""

    basic: str | None = field(default=None, repr=False)
    identity_token: str | None = field(default=None, repr=False)


def login_for(registry: str) -> Login:
    """What is known of a registry; an empty login where nobody logged in. Raises UnreadableLoginError."""
    config, name = _config(), _NAMES.get(registry, registry)
    helper = _table(config, "credHelpers").get(name) or config.get("credsStore")
    entry = _table(_table(config, "auths"), name)
    if token := entry.get("identitytoken"):
        return Login(identity_token=token)
    if basic := entry.get("auth"):
        # Some tools break Base64 into lines.
        return Login(basic=f"Basic {''.join(str(basic).split())}")
    return _ask(helper, name) if helper else Login()


def _config() -> Mapping[str, Any]:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    path = folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UnreadableLoginError(f"{path} cannot be read: it is not JSON") from error
    return _table({"": config}, "")


def _table(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A table of Docker's file, which other tools write too; nothing where it has another form."""
    found = config.get(name)
    return found if isinstance(found, dict) else {}


def _ask(helper: str, registry: str) -> Login:
    """Ask a credential helper (docker-credential-helpers' protocol: host in, JSON out)."""
    command = [f"docker-credential-{helper}", "get"]
    done = subprocess.run(command, input=registry, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return Login()
    try:
        answer = json.loads(done.stdout)
        user, secret = answer["Username"], answer["Secret"]
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableLoginError(f"{command[0]} gave an answer that cannot be read") from error
    if user == _TOKEN_USER:
        return Login(identity_token=secret)
    return Login(basic="Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode())

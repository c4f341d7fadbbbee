"""A user to try the services with: made once, kept in the data folder, logged in at each start."""

import json
import os
import secrets
import urllib.request
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError, URLError

_SECONDS = 10
# No proxy: everything here is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Whom to log in as."""

    email: str
    password: str


def is_ready(url: str) -> bool:
    """Return whether the service at `url` reports that it is ready."""
    try:
        with _OPENER.open(f"{url}/readyz", timeout=_SECONDS) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (URLError, ConnectionError, TimeoutError):
        return False


def log_in(url: str, file: Path) -> tuple[DemoUser, str]:
    """The demo user and an access token; the user is made when `file` or the account is missing."""
    user = _read(file)
    if user is not None:
        try:
            return user, _token(url, user)
        except HTTPError as error:
            if error.code != HTTPStatus.UNAUTHORIZED:
                raise
    user = _register(url)
    _write(file, user)
    return user, _token(url, user)


def _token(url: str, user: DemoUser) -> str:
    return str(_post(f"{url}/auth/login", asdict(user))["access_token"])


def _register(url: str) -> DemoUser:
    user = DemoUser(f"demo-{secrets.token_hex(3)}@example.com", secrets.token_urlsafe(18))
    _post(f"{url}/users", {**asdict(user), "name": "Demo"})
    return user


def _post(url: str, body: object) -> dict[str, object]:
    request = urllib.request.Request(  # noqa: S310  # the caller's own http URL
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with _OPENER.open(request, timeout=_SECONDS) as answer:
        document: dict[str, object] = json.load(answer)
    return document


def _read(file: Path) -> DemoUser | None:
    try:
        return DemoUser(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(file: Path, user: DemoUser) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        json.dump(asdict(user), opened)

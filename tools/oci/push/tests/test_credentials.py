"""Logging in to registries with what `docker login` left."""

import base64
import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.oci.push.credentials import Login, login_for
from tools.oci.push.registry import RegistryError, Repository

_BASIC = "Basic " + base64.b64encode(b"user:password").decode()

_FORM = {
    "grant_type": ["refresh_token"],
    "client_id": ["image_push"],
    "refresh_token": ["identity"],
    "service": ["registry"],
    "scope": ["repository:bearer:pull,push"],
}


class _Registry(BaseHTTPRequestHandler):
    """Wants a password in `basic/`, and a token that the password is good for elsewhere."""

    def do_HEAD(self) -> None:
        """A blob, for those who may see it."""
        basic = self.path.startswith("/v2/basic/")
        if self.headers["Authorization"] == (_BASIC if basic else "Bearer granted"):
            self._answer(200)
        else:
            realm = f'realm="http://{self.headers["Host"]}/token",service="registry"'
            self._answer(401, challenge=f"{'Basic' if basic else 'Bearer'} {realm}")

    def do_GET(self) -> None:
        """A token, for those with the password."""
        self._answer(*((200, b'{"token": "granted"}') if self.headers["Authorization"] == _BASIC else (401, b"")))

    def do_POST(self) -> None:
        """A token, for those with the identity token: in a form, as OAuth 2 has it, and with no password beside it."""
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = urllib.parse.parse_qs(content)
        good = form == _FORM and self.headers["Authorization"] is None
        self._answer(*((200, b'{"access_token": "granted"}') if good else (401, b"")))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, content: bytes = b"", challenge: str = "") -> None:
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A registry that wants to know who asks, and a home where nobody has logged in yet."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def _log_in(folder: Path, address: str, password: str) -> None:
    entry = base64.b64encode(f"user:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {address: {"auth": entry}}}))


@pytest.mark.parametrize("name", ["basic", "bearer"])
def test_password_opens_the_registry(tmp_path: Path, address: str, name: str) -> None:
    """Either the registry takes the password, or a token that the password is good for."""
    _log_in(tmp_path, address, "password")
    assert Repository(registry=address, name=name).has("sha256:x")


@pytest.mark.parametrize("name", ["basic", "bearer"])
def test_wrong_password_is_one_clear_error(tmp_path: Path, address: str, name: str) -> None:
    """The error names the registry and says that it did not let us in."""
    _log_in(tmp_path, address, "wrong")
    with pytest.raises(RegistryError, match=rf"{address}: {name}: 401 "):
        Repository(registry=address, name=name).has("sha256:x")


@pytest.mark.parametrize(
    ("user", "secret"),
    [pytest.param("user", "password", id="password"), pytest.param("<token>", "identity", id="token")],
)
def test_credential_helper_is_asked(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch, user: str, secret: str
) -> None:
    """A helper that the config names for the registry has the password, or an identity token."""
    helper = tmp_path / "docker-credential-vault"
    helper.write_text(f"#!/bin/sh\necho '{json.dumps({'Username': user, 'Secret': secret})}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {address: "vault"}}))
    assert Repository(registry=address, name="bearer").has("sha256:x")


def _log_in_by_token(folder: Path, address: str, token: str) -> None:
    entry = {"auth": base64.b64encode(b"00000000-0000-0000-0000-000000000000:").decode(), "identitytoken": token}
    (folder / "config.json").write_text(json.dumps({"auths": {address: entry}}))


def test_identity_token_opens_the_registry(tmp_path: Path, address: str) -> None:
    """It is exchanged for a token of the registry; the user beside it is nobody, and is not sent."""
    _log_in_by_token(tmp_path, address, "identity")
    assert Repository(registry=address, name="bearer").has("sha256:x")


def test_stale_identity_token_is_one_clear_error(tmp_path: Path, address: str) -> None:
    """The error names the registry and does not hold the token."""
    _log_in_by_token(tmp_path, address, "stale-token")
    with pytest.raises(RegistryError, match=rf"{address}: bearer: 401 ") as failure:
        Repository(registry=address, name="bearer").has("sha256:x")
    assert "stale-token" not in str(failure.value)


def test_nobody_logged_in_is_an_error(address: str) -> None:
    """Without a password the registry's answer stands."""
    with pytest.raises(RegistryError, match="401"):
        Repository(registry=address, name="basic").has("sha256:x")


def test_docker_s_own_registry_has_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`docker login` without an address writes the password under one that no image names."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    _log_in(tmp_path, "https://index.docker.io/v1/", "password")
    assert login_for("docker.io") == Login(basic=_BASIC)

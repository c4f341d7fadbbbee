"""Something that answers and is no registry, or no good one: one sentence each, and no password in it."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.oci.push.layouts import write_service
from tools.oci.push.push_all import Service, main, push_all
from tools.oci.push.registry import RegistryError, Repository

_DIGEST = "sha256:" + "0" * 64
_CANARY = "canary-5c1f"


@contextmanager
def _answering(status: int, headers: Mapping[str, str], content: bytes) -> Iterator[str]:
    """Something that answers every request alike, but for tokens, which it writes in prose; {host} is its own name."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_token = self.path.startswith("/token")
            self.send_response(200 if is_token else status)
            for name, value in {} if is_token else headers.items():
                self.send_header(name, value.replace("{host}", self.headers["Host"]))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """An image to push, for somebody who is logged in nowhere."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr("tools.oci.push.registry.time.sleep", lambda _: None)
    return write_service(tmp_path / "image", "service", b"layer")


@pytest.mark.parametrize("content", [b"<html>log in", b"[]", b"\xff", b'{"manifests": [{}]}', b'{"manifests": 1}'])
def test_page_in_place_of_a_manifest(service: Service, content: bytes) -> None:
    """A proxy's page is not read as if it were an image."""
    with _answering(200, {}, content) as address, pytest.raises(RegistryError, match="latest is no manifest"):
        push_all([service], address, tags=["latest"])


def test_manifest_is_what_its_digest_says() -> None:
    """A registry cannot slip in another image under the name of one."""
    with _answering(200, {}, b'{"manifests": []}') as address, pytest.raises(RegistryError, match="something else"):
        Repository(registry=address, name="service").manifest(_DIGEST)


@pytest.mark.parametrize(
    ("challenge", "said"),
    [
        ("Bearer", "wants a token and does not say from where"),
        ('Bearer realm="nonsense"', "wants a token and does not say from where"),
        ('Bearer realm="file:///dev/null"', "wants a token and does not say from where"),
        ('Bearer realm="http://{host}/token"', "was asked for a token and gave none"),
    ],
)
def test_challenge_that_leads_nowhere(service: Service, challenge: str, said: str) -> None:
    """Who wants a token says where there are any."""
    with (
        _answering(401, {"WWW-Authenticate": challenge}, b"[]") as address,
        pytest.raises(RegistryError, match=f"{address}: {said}"),
    ):
        push_all([service], address, tags=["latest"])


@pytest.mark.parametrize("config", ["{", "[]", '{"auths": []}', '{"auths": {"{host}": "x"}}', "\xff"])
def test_login_that_cannot_be_read(tmp_path: Path, service: Service, config: str) -> None:
    """Docker's file may be half-written, or by a tool that knows another form."""
    with _answering(401, {"WWW-Authenticate": "Basic"}, b"") as address:
        (tmp_path / "config.json").write_text(config.replace("{host}", address), encoding="latin-1")
        with pytest.raises(RegistryError, match=r"config.json|401 wrong or no password"):
            push_all([service], address, tags=["latest"])


def test_password_of_two_lines_stays_a_secret(tmp_path: Path, service: Service) -> None:
    """Base64 is broken into lines by some tools; the value of a header has one."""
    password = base64.encodebytes(f"user:{_CANARY * 9}".encode()).decode()
    with _answering(401, {"WWW-Authenticate": "Basic"}, b"") as address:
        (tmp_path / "config.json").write_text(json.dumps({"auths": {address: {"auth": password}}}))
        with pytest.raises(RegistryError, match="401 wrong or no password"):
            push_all([service], address, tags=["latest"])


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("name", ["a..b", ".", "x" * 70 + ".example"])
def test_host_that_no_name_server_knows(name: str) -> None:
    """What cannot be a host's name is not tried again either."""
    with pytest.raises(RegistryError, match="label"):
        Repository(registry=name, name="service").has(_DIGEST)


def test_endless_redirection_is_one_line(tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    """Python tells of it in three."""
    images = tmp_path / "images.json"
    images.write_text(json.dumps({"service": str(service.layout)}))
    with _answering(302, {"Location": "/again"}, b"") as address:
        assert main(["--images", str(images), "--repository-prefix", address]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {address}: service: 302 ")

"""A token server for tests: token authentication as Docker Hub, GHCR, GitLab and Artifact Registry have it.

It follows "Token Authentication Specification" of the distribution project
(https://distribution.github.io/distribution/spec/auth/token/): the registry answers 401 with a challenge, the client
asks here with its password and a scope, and gets a token (RFC 7519) for what its account may do of that scope.
"""

import base64
import json
import ssl
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey

from tools.oci.registry.server import Settings

_ISSUER, _SERVICE = "token-server", "registry"
_LIFETIME_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account: its password, and the permitted actions (`pull`, `push`) by repository.

    `*` stands for all other repositories.
    """

    password: str
    actions: Mapping[str, set[str]]

    def allowed(self, repository: str) -> set[str]:
        """Return the actions in a repository."""
        return self.actions.get(repository, self.actions.get("*", set()))


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A key and its self-signed certificate for localhost, as PEM files."""

    key: Path
    certificate: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        """Write a new one into a folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        made = cls(key=folder / "key.pem", certificate=folder / "certificate.pem")
        made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made

    @property
    def der(self) -> str:
        """The certificate as a header `x5c` has it (RFC 7515, section 4.1.6)."""
        return base64.b64encode(ssl.PEM_cert_to_DER_cert(self.certificate.read_text())).decode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate: Certificate, accounts: Mapping[str, Account]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.accounts = accounts
        self.header = {"alg": "ES256", "typ": "JWT", "x5c": [certificate.der]}
        self.key = ECKey.import_key(certificate.key.read_text())

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections: crane closes its other requests when one has failed."""

    def token(self, user: str, scopes: list[str]) -> str:
        now = int(time.time())
        account = self.accounts[user]
        access = []
        for scope in scopes:
            kind, name, wanted = scope.split(":")
            granted = account.allowed(name) & set(wanted.split(","))
            access.append({"type": kind, "name": name, "actions": sorted(granted)})
        claims = {"iss": _ISSUER, "aud": _SERVICE, "sub": user, "jti": uuid.uuid4().hex, "access": access}
        times = {"iat": now, "nbf": now - 10, "exp": now + _LIFETIME_SECONDS}
        return jwt.encode(self.header, claims | times, self.key)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Give a token to an account with the right password."""
        server = cast("_Server", self.server)
        kind, _, basic = (self.headers["Authorization"] or "").partition(" ")
        user, _, password = base64.b64decode(basic).decode().partition(":") if kind == "Basic" else ("", "", "")
        if user not in server.accounts or server.accounts[user].password != password:
            self._answer(401, {"details": "incorrect username or password"})
            return
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scopes = [scope for scopes in query.get("scope", []) for scope in scopes.split(" ")]
        self._answer(200, {"token": server.token(user, scopes)})

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _answer(self, status: int, document: Mapping[str, str]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def token_server(folder: Path, accounts: Mapping[str, Account]) -> Iterator[Settings]:
    """Run a token server on loopback; yield the settings `auth` of a registry that accepts its tokens."""
    certificate = Certificate.make(folder)
    with _Server(certificate, accounts) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        # A thread that still serves would keep a failed test from ending.
        try:
            yield {
                "token": {
                    "realm": f"http://127.0.0.1:{server.server_port}/token",
                    "service": _SERVICE,
                    "issuer": _ISSUER,
                    "rootcertbundle": str(certificate.certificate),
                }
            }
        finally:
            server.shutdown()
            thread.join()

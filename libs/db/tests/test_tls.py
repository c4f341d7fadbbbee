"""One form of the URL, with libpq's parameters, works for sessions and for `migrate` over TLS.

PgBouncer ends TLS here: the PostgreSQL of the tests is built without it.
"""

import asyncio
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from libs.db.commands import migrate
from libs.db.engines import Limits
from libs.db.errors import DatabaseUnavailable
from libs.db.pgbouncer_testing import pgbouncer
from libs.db.sessions import open_sessions
from libs.db.testing import postgres_server
from libs.db.tests.models import SCHEMA


def _write_certificate(folder: Path, *, name: str) -> None:
    """Write a self-signed certificate for 127.0.0.1, which is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate of the server, and that of another authority."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("server", "other"):
        _write_certificate(folder, name=name)
    return folder


@pytest.fixture(scope="module")
def address(certificates: Path) -> Iterator[str]:
    """The URL without parameters of a database that takes TLS connections only."""
    with postgres_server() as server:
        server.execute("CREATE DATABASE shop")
        with pgbouncer(server, pool_size=2, tls_folder=certificates) as bouncer:
            yield f"postgresql+asyncpg://postgres@127.0.0.1:{bouncer.port}/shop"


async def _one(url: str) -> object:
    sessions = open_sessions(url, Limits(connect_seconds=60, transaction_pooler=True))
    try:
        async with sessions.read() as session:
            return (await session.execute(select(1))).scalar_one()
    finally:
        await sessions.close()


@pytest.mark.parametrize("parameters", ["sslmode=require", "sslmode=verify-full&sslrootcert={0}/server.pem"])
def test_sessions_and_migrate_take_the_same_url(address: str, certificates: Path, parameters: str) -> None:
    """The same URL works for both, with and without verification of the certificate."""
    url = f"{address}?{parameters.format(certificates)}"
    assert migrate(url, SCHEMA, transaction_pooler=True) == 0
    assert asyncio.run(_one(url)) == 1


@pytest.mark.parametrize(
    "parameters",
    ["sslmode=disable", "sslmode=verify-full&sslrootcert={0}/other.pem", "sslmode=verify-ca&sslrootcert={0}/other.pem"],
)
def test_a_connection_that_is_not_trusted_is_refused(address: str, certificates: Path, parameters: str) -> None:
    """The server refuses connections without TLS, and the client refuses certificates of an unknown authority."""
    with pytest.raises(DatabaseUnavailable):
        asyncio.run(_one(f"{address}?{parameters.format(certificates)}"))


def test_the_name_of_the_server_is_checked(address: str, certificates: Path) -> None:
    """The certificate is for 127.0.0.1: `verify-full` refuses it for localhost, `verify-ca` takes it."""
    local = address.replace("127.0.0.1", "localhost")
    with pytest.raises(DatabaseUnavailable):
        asyncio.run(_one(f"{local}?sslmode=verify-full&sslrootcert={certificates}/server.pem"))
    assert asyncio.run(_one(f"{local}?sslmode=verify-ca&sslrootcert={certificates}/server.pem")) == 1

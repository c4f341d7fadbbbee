"""A test's sandbox has loopback and no other network, and a private /tmp."""

import errno
import os
import socket
from pathlib import Path

import pytest

OUTSIDE = ("192.0.2.1", 9)
"""An address that is reserved for documentation (RFC 5737)."""

UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH}


def test_loopback_answers() -> None:
    """A server on loopback can be reached."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        client.sendall(b"hello")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(5) == b"hello"


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_no_other_address_can_be_reached(kind: socket.SocketKind) -> None:
    """There is no route to any other address, so a connection fails at once."""
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(2)
        code = client.connect_ex(OUTSIDE)
    assert code in UNREACHABLE, (
        f"a test found a route to {OUTSIDE[0]} (answer: {os.strerror(code)});"
        " does .bazelrc still have --nosandbox_default_allow_network?"
    )


def test_no_name_server_answers() -> None:
    """Names are not resolved, because no name server answers; an answer would be another error."""
    with pytest.raises(socket.gaierror) as failure:
        socket.getaddrinfo("name.invalid", 80)
    assert failure.value.errno == socket.EAI_AGAIN


def test_no_other_network_interface() -> None:
    """Loopback is the only interface."""
    assert [name for _, name in socket.if_nameindex()] == ["lo"]


def test_tmp_is_its_own() -> None:
    """Temporary files are separate from those of other tests and of the machine."""
    folder = Path(os.environ["TEST_TMPDIR"])
    (folder / "proof").touch()
    assert (folder / "proof").exists()

"""Locks checked against a server on loopback."""

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from tools.locks import debian_lock, machine, python_lock

GOOD, OTHER = "a" * 64, "b" * 64
LOCK = f"idna==3.20 \\\n    --hash=sha256:{GOOD} \\\n    --hash=sha256:{OTHER}\n"
MOMENT = "20260101T000000Z"
PACKAGE: dict[str, object] = {"name": "libc6", "version": "2.36", "path": "pool/libc6.deb", "sha256": GOOD}
SECURITY = PACKAGE | {
    "archive": "debian-security",
    "fallback": {"version": "2.35", "path": "pool/older.deb", "sha256": OTHER},
}


class FakeIndex(http.server.ThreadingHTTPServer):
    """An index that serves `files` by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        """Return the address of the server."""
        return f"http://127.0.0.1:{self.server_port}"

    def offer(self, *files: tuple[str, bool | str]) -> None:
        """Offer files of idna: each by hash and by the index's information on yanking."""
        listing = [{"filename": "x", "hashes": {"sha256": digest}, "yanked": yanked} for digest, yanked in files]
        self.files["/idna/"] = json.dumps({"files": listing}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers from the index."""

    server: FakeIndex

    def do_GET(self) -> None:
        """Send a file."""
        found = self.server.files.get(self.path)
        self.send_response(200 if found is not None else 404)
        self.end_headers()
        if found and self.command == "GET":
            self.wfile.write(found)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """Give a running server with an empty index."""
    with FakeIndex() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def complaints(index: FakeIndex) -> list[str]:
    """Check the Python lock."""
    return [str(finding) for finding in python_lock.findings("lock", LOCK, index=index.address)]


def test_files_that_are_there(index: FakeIndex) -> None:
    """If both files are available, there are no findings."""
    index.offer((GOOD, False), (OTHER, False))
    assert complaints(index) == []


def test_file_that_is_gone(index: FakeIndex) -> None:
    """The distribution is named."""
    index.offer((GOOD, False))
    assert complaints(index) == ["lock: idna 3.20: 1 of 2 files are gone"]


def test_file_that_was_yanked(index: FakeIndex) -> None:
    """The finding has the reason of the withdrawal."""
    index.offer((GOOD, "wrong tables"), (OTHER, False))
    assert complaints(index) == ["lock: idna 3.20: yanked: wrong tables"]


def test_distribution_that_is_gone(index: FakeIndex) -> None:
    """A distribution that the index does not have is a finding, not a crash."""
    assert complaints(index) == ["lock: idna 3.20: the index has no answer: HTTP Error 404: Not Found"]


def debian_findings(index: FakeIndex, package: dict[str, object]) -> list[str]:
    """Check a Debian lock of one package."""
    text = json.dumps({"snapshot": MOMENT, "packages": {"amd64": [package]}})
    environ = {"DEBIAN_MIRROR": f"{index.address}/debian", "DEBIAN_SNAPSHOT_ARCHIVE": f"{index.address}/snapshot"}
    return [str(finding) for finding in debian_lock.findings("lock", text, environ=environ)]


@pytest.mark.parametrize("place", ["/debian", f"/snapshot/debian/{MOMENT}"])
def test_debian_package(index: FakeIndex, place: str) -> None:
    """A package is looked for on the mirror and in the snapshot archive."""
    (found,) = debian_findings(index, PACKAGE)
    assert found.startswith("lock: libc6 2.36 (amd64): pool/libc6.deb is on no configured mirror")
    index.files[f"{place}/pool/libc6.deb"] = b""
    assert debian_findings(index, PACKAGE) == []


def test_security_package_lies_beside(index: FakeIndex) -> None:
    """The security archive is expected beside the mirror."""
    index.files["/debian-security/pool/libc6.deb"] = b""
    assert debian_findings(index, SECURITY) == []


def test_superseded_package_is_found_although_it_has_a_fallback(index: FakeIndex) -> None:
    """The finding states what builds use meanwhile, or that the fallback is gone too."""
    (found,) = debian_findings(index, SECURITY)
    assert found.endswith(", nor is its fallback pool/older.deb")
    index.files["/debian/pool/older.deb"] = b""
    (found,) = debian_findings(index, SECURITY)
    assert found.endswith("; builds use 2.35")


def test_index_comes_from_the_machine() -> None:
    """The environment variable takes precedence."""
    assert machine.package_index({"PIP_INDEX_URL": "http://here/simple/"}) == "http://here/simple"

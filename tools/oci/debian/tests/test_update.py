"""The update and the report, against a mirror that this test serves."""

import hashlib
import json
import lzma
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tools.oci.debian.index import ChangedIndexError, NoMirrorError, read_packages, read_release
from tools.oci.debian.update import main

_PACKAGE = "Package: zlib\nVersion: {version}\nFilename: pool/main/z/zlib_{version}.deb\nSHA256: {version}\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _publish(root: Path, archive: str, suite: str, version: str) -> None:
    """Write a suite of one package as Debian lays it out."""
    packages = lzma.compress(_PACKAGE.format(version=version).encode())
    dist = root / archive / "dists" / suite
    binary = dist / "main" / "binary-amd64"
    binary.mkdir(parents=True)
    (binary / "Packages.xz").write_bytes(packages)
    label = "Debian-Security" if archive == "debian-security" else "Debian"
    (dist / "Release").write_text(
        f"Origin: Debian\nLabel: {label}\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n"
        f" {hashlib.sha256(packages).hexdigest()} {len(packages)} main/binary-amd64/Packages.xz\n"
    )


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A mirror of both archives on loopback; the security archive has a newer zlib."""
    root = tmp_path / "mirror"
    _publish(root, "debian", "bookworm", "1.2")
    _publish(root, "debian-security", "bookworm-security", "1.3")
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: _Quiet(*args, directory=str(root)))
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("DEBIAN_MIRROR", f"http://127.0.0.1:{server.server_port}/debian")
    yield root
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose folder `base` wants zlib."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    base = tmp_path / "base"
    base.mkdir()
    wanted = {"suite": "bookworm", "architectures": ["amd64"], "packages": ["zlib"], "left_out": {}}
    (base / "packages.json").write_text(json.dumps(wanted))
    return base


def _locked(folder: Path) -> dict[str, str]:
    entry: dict[str, str] = json.loads((folder / "lock.json").read_text())["packages"]["amd64"][0]
    return entry


@pytest.mark.usefixtures("mirror")
def test_update_takes_the_main_archive_alone(folder: Path) -> None:
    """Without a word about security the lock holds files that never move."""
    assert main(["base"]) == 0
    assert _locked(folder) == {
        "name": "zlib",
        "version": "1.2",
        "path": "pool/main/z/zlib_1.2.deb",
        "sha256": "1.2",
    }


@pytest.mark.usefixtures("mirror")
def test_update_takes_the_security_archive_when_asked(folder: Path) -> None:
    """`--security` takes what is newer there, and says which archive has it."""
    assert main(["base", "--security"]) == 0
    assert _locked(folder)["version"] == "1.3"
    assert _locked(folder)["archive"] == "debian-security"


@pytest.mark.usefixtures("mirror")
def test_interpreter_gets_the_same_packages(folder: Path) -> None:
    """The list of another reader is written in the same form."""
    assert main(["base", "--interpreter", "packages.json"]) == 0
    assert (folder.parent / "packages.json").read_text() == (folder / "lock.json").read_text()


@pytest.mark.usefixtures("mirror", "folder")
def test_report_lists_what_is_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each package, and an exit code for a scheduled job."""
    main(["base"])
    capsys.readouterr()
    assert main(["base", "--report"]) == 1
    assert capsys.readouterr().out == "amd64: zlib 1.2 -> 1.3 (debian-security)\n"
    main(["base", "--security"])
    assert main(["base", "--report"]) == 0


def test_changed_index_is_refused(mirror: Path) -> None:
    """An index that its Release does not vouch for is not read."""
    (mirror / "debian/dists/bookworm/main/binary-amd64/Packages.xz").write_bytes(b"something else")
    with pytest.raises(ChangedIndexError, match="expected sha256"):
        read_packages(read_release("debian", "bookworm"), "amd64")


@pytest.mark.usefixtures("mirror")
def test_mirror_of_another_archive_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Release with another label is somebody else's; the error names the variable to set."""
    monkeypatch.setenv("DEBIAN_SECURITY_MIRROR", "http://127.0.0.1:9/debian")
    with pytest.raises(NoMirrorError, match="set DEBIAN_SECURITY_MIRROR"):
        read_release("debian-security", "bookworm-security")

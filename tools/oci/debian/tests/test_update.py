"""The update of a lock and the report of outdated packages, with signed archives that the test serves."""

import json
import lzma
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tools.oci.debian.testing import SigningKey, Suite
from tools.oci.debian.update import main

pytestmark = pytest.mark.skipif(shutil.which("gpgv") is None, reason="gpgv is not installed on this machine")

_PACKAGE = "Package: zlib\nVersion: {version}\nFilename: pool/{place}/zlib_{version}.deb\nSHA256: {version}\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """A mirror of both archives; the security archive has a newer zlib."""

    address: str
    main: Suite
    security: Suite


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """The mirror on loopback, named by DEBIAN_MIRROR, its key by DEBIAN_KEYRING."""
    root = tmp_path / "mirror"
    key = SigningKey()
    suites = [
        Suite(
            folder=root / archive,
            label=label,
            codename=codename,
            packages=_PACKAGE.format(version=version, place=place),
            key=key,
            valid_for=valid_for,
        )
        for archive, label, codename, version, place, valid_for in (
            ("debian", "Debian", "bookworm", "1.2", "main/z", None),
            ("debian-security", "Debian-Security", "bookworm-security", "1.3", "updates/main/z", timedelta(days=7)),
        )
    ]
    for suite in suites:
        suite.publish()
    monkeypatch.setenv("DEBIAN_KEYRING", str(key.write_keyring(tmp_path / "keyring.gpg")))
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: _Quiet(*args, directory=str(root)))
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("DEBIAN_MIRROR", f"{address}/debian")
    monkeypatch.delenv("DEBIAN_SECURITY_MIRROR", raising=False)
    monkeypatch.setenv("DEBIAN_SNAPSHOT_ARCHIVE", f"{address}/snapshot")
    yield Mirror(address=address, main=suites[0], security=suites[1])
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose folder `base` requires zlib."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    base = tmp_path / "base"
    base.mkdir()
    wanted = {"suite": "bookworm", "architectures": ["amd64"], "packages": ["zlib"], "left_out": {}}
    (base / "packages.json").write_text(json.dumps(wanted))
    return base


def _locked(folder: Path) -> dict[str, object]:
    entry: dict[str, object] = json.loads((folder / "lock.json").read_text())["packages"]["amd64"][0]
    return entry


def _refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run an update that fails, and return its one-line error."""
    assert main(["base", *words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.usefixtures("mirror")
def test_update_takes_security_updates_with_a_fallback(folder: Path) -> None:
    """The lock names the security archive's version, and the main archive's as its fallback."""
    assert main(["base"]) == 0
    assert _locked(folder) == {
        "name": "zlib",
        "version": "1.3",
        "path": "pool/updates/main/z/zlib_1.3.deb",
        "sha256": "1.3",
        "archive": "debian-security",
        "fallback": {"version": "1.2", "path": "pool/main/z/zlib_1.2.deb", "sha256": "1.2"},
    }


def test_update_without_news_leaves_the_lock_alone(folder: Path, mirror: Mirror) -> None:
    """A later Release with the same packages does not change the file."""
    main(["base"])
    before = (folder / "lock.json").read_text()
    mirror.security.made += timedelta(minutes=30)
    mirror.security.publish()
    main(["base"])
    assert (folder / "lock.json").read_text() == before


@pytest.mark.usefixtures("mirror")
def test_another_base_is_written_although_the_packages_are_the_same(folder: Path) -> None:
    """The lock of additional packages records its base, so a changed base is written."""
    packages = json.loads((folder / "packages.json").read_text())
    for name in ("first", "second"):
        other = folder.parent / name
        other.mkdir()
        (other / "lock.json").write_text('{"packages": {"amd64": []}}')
        (folder / "packages.json").write_text(json.dumps(packages | {"base": name}))
        assert main(["base"]) == 0
        assert json.loads((folder / "lock.json").read_text())["base"] == name


@pytest.mark.usefixtures("mirror")
def test_interpreter_gets_the_same_packages(folder: Path) -> None:
    """The interpreter's list is equal to the lock."""
    assert main(["base", "--interpreter", "packages.json"]) == 0
    assert (folder.parent / "packages.json").read_text() == (folder / "lock.json").read_text()


def test_security_archive_is_found_in_the_snapshot_archive(
    mirror: Mirror, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no mirror has the security archive, Debian's snapshot archive is used."""
    now = datetime(2026, 11, 28, tzinfo=UTC)
    monkeypatch.setattr("tools.oci.debian.mirrors.datetime", _Clock(now))
    snapshot = mirror.security.folder.parent / "snapshot/debian-security/20261128T000000Z"
    snapshot.parent.mkdir(parents=True)
    mirror.security.folder.rename(snapshot)
    assert main(["base"]) == 0
    assert _locked(folder)["version"] == "1.3"


class _Clock:
    """A replacement of the class `datetime` with a fixed time."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self, _: object) -> datetime:
        """Return the fixed time."""
        return self._moment


@pytest.mark.usefixtures("folder")
def test_report_lists_what_is_behind(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    """The report has a line for each outdated package, and an exit code for scheduled jobs."""
    main(["base"])
    assert main(["base", "--report"]) == 0
    mirror.security.packages = mirror.security.packages.replace("1.3", "1.4")
    mirror.security.publish()
    capsys.readouterr()
    assert main(["base", "--report"]) == 1
    assert capsys.readouterr().out == "amd64: zlib 1.3 -> 1.4 (debian-security)\n"


@pytest.mark.usefixtures("folder")
def test_release_by_another_key_is_refused(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    """A Release signed by an unknown key is not read; the error names the setting for such mirrors."""
    mirror.main.key = SigningKey()
    mirror.main.publish()
    said = _refusal(capsys)
    assert "signed by an unknown key" in said
    assert "--keyring" in said


def test_mirror_that_signs_anew_is_trusted_by_its_keyring(mirror: Mirror, folder: Path, tmp_path: Path) -> None:
    """`--keyring` adds keys to the trusted ones, for mirrors that replace the signatures."""
    mirror.main.key = SigningKey()
    mirror.main.publish()
    keyring = mirror.main.key.write_keyring(tmp_path / "other.gpg")
    assert main(["base", "--keyring", str(keyring)]) == 0
    assert _locked(folder)["version"] == "1.3"


@pytest.mark.usefixtures("mirror", "folder")
def test_missing_keyring_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A keyring that does not exist is a one-line error."""
    assert "the keyring nowhere.gpg is not a file" in _refusal(capsys, "--keyring", "nowhere.gpg")


@pytest.mark.usefixtures("folder")
def test_changed_release_is_refused(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    """A Release that differs from what was signed is not read."""
    file = mirror.main.place / "InRelease"
    head, separator, signature = file.read_text().partition("-----BEGIN PGP SIGNATURE-----")
    file.write_text(head.replace("Date:", "X-Added: 1\nDate:") + separator + signature)
    assert "the file was changed after it was signed" in _refusal(capsys)


def test_text_outside_the_signature_does_not_count(mirror: Mirror, folder: Path) -> None:
    """Hashes of indexes outside the signed part of a Release are ignored; those in the signed part are used."""
    file = mirror.main.place / "InRelease"
    forged = "Codename: forged\nSHA256:\n " + "0" * 64 + " 1 main/binary-amd64/Packages.xz\n\n"
    file.write_text(forged + file.read_text() + forged)
    assert main(["base"]) == 0
    assert _locked(folder)["fallback"] == {"version": "1.2", "path": "pool/main/z/zlib_1.2.deb", "sha256": "1.2"}


@pytest.mark.usefixtures("folder")
def test_unsigned_release_is_refused(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    """A Release without any signature is not read."""
    file = mirror.main.place / "InRelease"
    text = file.read_text().split("\n\n", 1)[1].partition("-----BEGIN PGP SIGNATURE-----")[0]
    file.write_text(text)
    assert "it is not signed" in _refusal(capsys)


@pytest.mark.usefixtures("folder")
def test_altered_index_is_refused(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    """An index that differs from its entry in the Release is not read."""
    altered = lzma.compress(mirror.main.packages.replace("1.2", "9.9").encode())
    (mirror.main.place / "main/binary-amd64/Packages.xz").write_bytes(altered)
    assert "expected sha256" in _refusal(capsys)


@pytest.mark.usefixtures("folder")
def test_replayed_release_is_refused_unless_allowed(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    """A signed Release past its Valid-Until is an error, or a warning with --allow-expired."""
    mirror.security.made -= timedelta(days=30)
    mirror.security.publish()
    assert "was valid until" in _refusal(capsys)
    assert main(["base", "--allow-expired"]) == 0
    assert capsys.readouterr().err.startswith("warning: ")


@pytest.mark.usefixtures("folder")
def test_release_of_another_suite_is_refused(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    """A signed Release of bullseye in the place of bookworm's is not read."""
    signed = mirror.main.key.sign(
        "Origin: Debian\nLabel: Debian\nCodename: bullseye\nDate: Sat, 11 Jul 2026 10:16:37 UTC"
    )
    (mirror.main.place / "InRelease").write_text(signed)
    assert "is the Release of Debian bullseye, not of bookworm" in _refusal(capsys)


@pytest.mark.usefixtures("folder")
def test_mirror_of_another_archive_is_not_taken(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Release with another label is skipped; the error names the variable to set."""
    monkeypatch.setenv("DEBIAN_SECURITY_MIRROR", f"{mirror.address}/debian")
    assert "set DEBIAN_SECURITY_MIRROR" in _refusal(capsys)


@pytest.mark.usefixtures("mirror", "folder")
def test_missing_gpgv_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt install gpgv" in _refusal(capsys)

"""Finding a Debian mirror and the Bazel that it offers, with a mirror on loopback."""

import functools
import http.server
import lzma
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.airgap import apt, mirrors
from tools.airgap.apt import Source
from tools.airgap.errors import AirgapError
from tools.airgap.mirrors import Mirror, Offer

DEBIAN = "Origin: Debian\nLabel: Debian\nSuite: testing\n"
SECURITY = "Origin: Debian\nLabel: Debian-Security\n"
OTHER = "Origin: Somebody\nLabel: Debian\n"
EXPIRED = "Fri, 06 Nov 2020 08:08:01 UTC"
PACKAGES = "Package: bazel\nVersion: 1\n\nPackage: bazel-bootstrap\nSource: x\nVersion: {}\n\n"


class Archive:
    """A mirror's folder, served on loopback."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def suite(self, name: str, version: str, release: str = DEBIAN) -> None:
        """Add a suite whose newest Bazel is of the version."""
        folder = self.folder / "dists" / name / "main" / f"binary-{mirrors.architecture()}"
        folder.mkdir(parents=True)
        (self.folder / "dists" / name / "InRelease").write_text(release)
        packages = PACKAGES.format(version) if version else "Package: bazel\n"
        (folder / "Packages.xz").write_bytes(lzma.compress(packages.encode()))


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that logs no requests."""

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty mirror."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Archive(tmp_path, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


@pytest.fixture(autouse=True)
def no_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose apt has no sources."""
    monkeypatch.setattr(apt, "configuration", dict)
    monkeypatch.setattr(apt, "sources", list)
    monkeypatch.setattr(apt, "known_release", lambda _: None)


def test_named_mirror_wins() -> None:
    """DEBIAN_MIRROR is used without a request."""
    assert mirrors.debian_mirror({"DEBIAN_MIRROR": "http://m.test/debian/"}).url == "http://m.test/debian"


def test_source_that_is_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of apt's sources whose Release has the origin Debian is used; the security archive is skipped."""
    releases = {"http://other.test": OTHER, "http://security.test": SECURITY, "http://d.test": DEBIAN}
    monkeypatch.setattr(apt, "sources", lambda: [Source(url, "x") for url in releases])
    monkeypatch.setattr(apt, "known_release", lambda source: releases[source.url])
    assert mirrors.debian_mirror({}) == Mirror("http://d.test")


def test_security_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The security archive is apt's source with its label; if DEBIAN_MIRROR is set, it serves both archives."""
    releases = {"http://d.test": DEBIAN, "http://security.test": SECURITY}
    monkeypatch.setattr(apt, "sources", lambda: [Source(url, "x") for url in releases])
    monkeypatch.setattr(apt, "known_release", lambda source: releases[source.url])
    assert mirrors.security_mirror({}) == Mirror("http://security.test")
    assert mirrors.security_mirror({"DEBIAN_MIRROR": "http://m.test"}) is None
    named = {"DEBIAN_MIRROR": "http://m.test", "DEBIAN_SECURITY_MIRROR": "http://s.test/"}
    assert mirrors.security_mirror(named) == Mirror("http://s.test")


def test_source_that_apt_has_not_fetched(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """If apt has not fetched a Release, it is read from the mirror; a mirror that does not answer is skipped."""
    archive.suite("trixie", "")
    known = [Source("http://127.0.0.1:1", "trixie"), Source(archive.url, "trixie")]
    monkeypatch.setattr(apt, "sources", lambda: known)
    assert mirrors.debian_mirror({}).url == archive.url


def test_machine_without_debian() -> None:
    """Without a mirror, one sentence names the variable."""
    with pytest.raises(AirgapError, match="set DEBIAN_MIRROR to a mirror"):
        mirrors.debian_mirror({})


def test_forky_comes_first(archive: Archive) -> None:
    """Forky, which changes less often, is used if it has the series, regardless of sid."""
    archive.suite("forky", "7.7.2+ds-1")
    archive.suite("sid", "7.7.3+ds-1")
    assert mirrors.best_offer(Mirror(archive.url), "7.7.") == Offer("forky", "7.7.2+ds-1", "")


def test_sid_comes_next(archive: Archive) -> None:
    """Sid is used if forky has no Bazel of the series."""
    archive.suite("forky", "7.70.0")
    archive.suite("sid", "7.7.1")
    assert mirrors.best_offer(Mirror(archive.url), "7.7.").suite == "sid"


def test_drift(archive: Archive) -> None:
    """A Bazel of another series is offered if there is no better one, and a missing suite is reported."""
    archive.suite("sid", "8.1.0")
    assert mirrors.best_offer(Mirror(archive.url), "7.7.") == Offer("sid", "8.1.0", "")


def test_no_bazel(archive: Archive) -> None:
    """A mirror without any Bazel is refused."""
    archive.suite("forky", "")
    with pytest.raises(AirgapError, match=r"has no bazel-bootstrap in forky or sid"):
        mirrors.best_offer(Mirror(archive.url), "7.7.")


def test_release_past_its_date(archive: Archive) -> None:
    """The offer contains the date of an expired Release."""
    archive.suite("forky", "7.7.1", f"{DEBIAN}Valid-Until: {EXPIRED}\n")
    assert mirrors.best_offer(Mirror(archive.url), "7.7.").expired == EXPIRED


def test_release_within_its_date() -> None:
    """A Release on its last second has not expired, one without a date never does."""
    assert mirrors.expiry(f"Valid-Until: {EXPIRED}", now=1604650081) == ""
    assert mirrors.expiry(f"Valid-Until: {EXPIRED}", now=1604650082) == EXPIRED
    assert mirrors.expiry(DEBIAN, now=1e12) == ""


@pytest.mark.parametrize("url", ["http://me:secret@127.0.0.1:1/debian", "no address"])
def test_mirror_that_does_not_answer(url: str) -> None:
    """The error for an unreachable mirror has its address without the password."""
    with pytest.raises(AirgapError, match="does not answer") as refusal:
        mirrors.best_offer(Mirror(url), "7.7.")
    assert "secret" not in str(refusal.value)


def test_proxy_of_apt_is_used(archive: Archive) -> None:
    """Requests to the mirror go through apt's proxy."""
    archive.suite("forky", "7.7.1")
    with pytest.raises(AirgapError, match="has no bazel-bootstrap"):
        mirrors.best_offer(Mirror("http://m.test/debian", archive.url), "7.7.")

"""Reading the apt configuration of a machine."""

from pathlib import Path

import pytest

from tools.airgap import apt
from tools.airgap.apt import Source

ONE_LINE = """
# deb http://commented.test/debian trixie main
deb http://a.test/debian/ trixie main contrib
deb [arch=amd64 signed-by=/usr/share/keyrings/b.gpg] https://b.test/debian trixie-updates main
deb-src http://source.test/debian trixie main
deb cdrom:[Debian 12]/ trixie main
"""

DEB822 = """
# The archive
Types: deb deb-src
URIs: http://a.test/debian
 http://b.test/debian/
Suites: trixie trixie-updates
# a comment within
Components: main

Types: deb-src
URIs: http://source.test/debian
Suites: trixie

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: trixie
"""


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose apt is configured in this folder."""
    monkeypatch.setattr(apt, "SOURCES_LIST", str(tmp_path / "sources.list"))
    monkeypatch.setattr(apt, "SOURCES_FOLDER", str(tmp_path / "sources.list.d"))
    monkeypatch.setattr(apt, "LISTS", str(tmp_path / "lists"))
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "lists").mkdir()
    return tmp_path


def test_one_line_style() -> None:
    """Each `deb` line is a source, with or without options; comments and other lines are ignored."""
    assert list(apt.parse_list(ONE_LINE)) == [
        Source("http://a.test/debian", "trixie"),
        Source("https://b.test/debian", "trixie-updates"),
    ]


def test_deb822_style() -> None:
    """Each address and suite of an enabled stanza is a source, over several lines and comments."""
    assert list(apt.parse_deb822(DEB822)) == [
        Source("http://a.test/debian", "trixie"),
        Source("http://a.test/debian", "trixie-updates"),
        Source("http://b.test/debian", "trixie"),
        Source("http://b.test/debian", "trixie-updates"),
    ]


def test_files_are_read_in_order(etc: Path) -> None:
    """sources.list comes first, then the folder by name; a file with another ending is not read."""
    (etc / "sources.list").write_text("deb http://first.test x main")
    (etc / "sources.list.d" / "b.list").write_text("deb http://third.test x main")
    (etc / "sources.list.d" / "a.sources").write_text("Types: deb\nURIs: http://second.test\nSuites: x")
    (etc / "sources.list.d" / "c.list.disabled").write_text("deb http://never.test x main")
    urls = [source.url for source in apt.sources()]
    assert urls == ["http://first.test", "http://second.test", "http://third.test"]


def test_machine_without_apt(etc: Path) -> None:
    """Without files there are no sources."""
    (etc / "sources.list.d").rmdir()
    assert apt.sources() == []


def test_list_of_mirrors(tmp_path: Path) -> None:
    """`mirror+file:`, as in cloud images, is replaced by the addresses in the file."""
    (tmp_path / "mirrors").write_text("http://a.test/debian/ priority:1\nhttp://b.test/debian\n")
    expected = ["http://a.test/debian", "http://b.test/debian"]
    assert apt.addresses(f"mirror+file:{tmp_path}/mirrors") == expected


def test_release_that_apt_has(etc: Path) -> None:
    """The Release is found in the file that apt names after its address."""
    (etc / "lists" / "a.test:80_my%5fdebian_dists_x_InRelease").write_text("Origin: Debian\n")
    assert apt.known_release(Source("http://a.test:80/my_debian", "x")) == "Origin: Debian\n"
    assert apt.known_release(Source("http://a.test/other", "x")) is None


@pytest.mark.parametrize(
    ("settings", "url", "proxy"),
    [
        ({}, "http://a.test/debian", None),
        ({"acquire::http::proxy": "http://p:1"}, "http://a.test/debian", "http://p:1"),
        ({"acquire::http::proxy": "http://p:1"}, "https://a.test/debian", "http://p:1"),
        ({"acquire::https::proxy": "http://p:1"}, "http://a.test/debian", None),
        (
            {"acquire::http::proxy": "http://p:1", "acquire::http::proxy::a.test": "DIRECT"},
            "http://u:w@a.test:80/",
            None,
        ),
    ],
)
def test_proxy(
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    url: str,
    proxy: str | None,
) -> None:
    """The proxy for a host takes precedence over that for the scheme, and https falls back to http's."""
    monkeypatch.setattr(apt, "configuration", lambda: settings)
    assert apt.proxy_for(url) == proxy

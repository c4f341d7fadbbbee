"""The resolution of packages and the resulting lock."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.oci.debian.index import Package, parse_packages
from tools.oci.debian.lock import BaseMissingError, UnknownPackageError, Wanted, newest_packages, render, resolve

_PACKAGES = """\
Package: python
Version: 3.11-1
Depends: libc6 (>= 2.36), zlib | zlib-ng, mime, shell
Filename: pool/main/p/python.deb
SHA256: aa

Package: libc6
Version: 2.36
Pre-Depends: zlib:any
Filename: pool/main/g/libc6.deb
SHA256: bb

Package: zlib
Version: 1.2
Filename: pool/main/z/zlib.deb
SHA256: cc

Package: media-types
Version: 10
Provides: mime, mime-support (= 10)
Filename: pool/main/m/media-types.deb
SHA256: dd
"""


def _wanted(*packages: str) -> Wanted:
    return Wanted(
        suite="bookworm", architectures=("amd64",), packages=packages, left_out={"shell": "nothing runs scripts"}
    )


@pytest.fixture
def index() -> dict[str, Package]:
    """A small archive."""
    return newest_packages(parse_packages(_PACKAGES, "debian"))


def test_dependencies_are_followed_and_ordered(index: dict[str, Package]) -> None:
    """Depends and Pre-Depends, the first alternative, virtual packages; never what is left out."""
    names = [package.name for package in resolve(_wanted("python"), index)]
    assert names == ["libc6", "media-types", "python", "zlib"]


def test_unknown_package_is_refused_with_who_wants_it(index: dict[str, Package]) -> None:
    """The error for an unknown package has the package that requires it."""
    with pytest.raises(UnknownPackageError, match=r"package pyhton, required by packages\.json"):
        resolve(_wanted("pyhton"), index)


def _write(folder: Path, document: Mapping[str, object], name: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(document))
    return folder / name


def test_what_the_base_has_is_left_out(tmp_path: Path, index: dict[str, Package]) -> None:
    """The lock of additional packages omits packages of the base, and names the base."""
    fields = {"suite": "bookworm", "architectures": ["amd64"], "packages": ["python"], "left_out": {"shell": ""}}
    packages = _write(tmp_path / "own", fields | {"base": "base"}, "packages.json")
    there = {"amd64": [{"name": "libc6"}, {"name": "zlib"}], "arm64": [{"name": "libc6"}]}
    _write(tmp_path / "base", {"packages": there}, "lock.json")
    wanted = Wanted.read(packages, root=tmp_path)
    chosen = resolve(wanted, index)
    assert [package.name for package in chosen] == ["media-types", "python", "zlib"]
    lock = json.loads(render({"amd64": chosen}, fallbacks={}, made=datetime.now(UTC), base=wanted.base))
    assert lock["base"] == "base"


def test_base_without_a_lock_is_refused(tmp_path: Path) -> None:
    """The error names the file that was looked for."""
    fields = {"suite": "bookworm", "architectures": ["amd64"], "packages": [], "left_out": {}, "base": "bsae"}
    with pytest.raises(
        BaseMissingError, match=r"bsae/lock\.json, the lock of the `base` in packages\.json, is not there"
    ):
        Wanted.read(_write(tmp_path / "own", fields, "packages.json"), root=tmp_path)


def test_newest_version_wins_and_keeps_its_archive(index: dict[str, Package]) -> None:
    """The newest version is used, with the archive that it comes from."""
    security = parse_packages(_PACKAGES.replace("Version: 1.2", "Version: 1.2+deb12u1"), "debian-security")
    merged = newest_packages([*index.values(), *security])
    assert merged["zlib"].version == "1.2+deb12u1"
    assert merged["zlib"].archive == "debian-security"


def test_lock_holds_paths_and_hashes_but_no_address(index: dict[str, Package]) -> None:
    """The lock has no mirror, which depends on the machine; its snapshot is a day after the Release."""
    text = render(
        {"amd64": resolve(_wanted("zlib"), index)}, fallbacks={}, made=datetime(2026, 7, 11, 10, 16, 37, tzinfo=UTC)
    )
    assert json.loads(text) == {
        "snapshot": "20260712T101637Z",
        "packages": {
            "amd64": [{"name": "zlib", "version": "1.2", "path": "pool/main/z/zlib.deb", "sha256": "cc"}],
        },
    }


def test_security_package_names_its_archive() -> None:
    """A package that is not from the main archive has the name of its archive."""
    security = newest_packages(parse_packages(_PACKAGES, "debian-security"))
    text = render({"amd64": resolve(_wanted("zlib"), security)}, fallbacks={}, made=datetime(2026, 7, 11, tzinfo=UTC))
    assert json.loads(text)["packages"]["amd64"][0]["archive"] == "debian-security"

"""The interpreter of the air-gapped mode is that of the images, and uses no files of the machine."""

import json
import os
import site
import sqlite3
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

Packages = list[dict[str, str]]


@pytest.fixture(scope="module")
def unpacked() -> Packages:
    """The Debian packages that the interpreter is made of."""
    packages: Packages = json.loads((Path(sys.executable).resolve().parents[2] / "packages.json").read_text())
    return packages


def test_packages_are_those_of_the_images(unpacked: Packages) -> None:
    """The interpreter consists of the packages in the base image's lock, or of the fallbacks of unavailable ones."""
    lock = json.loads(Path("tools/oci/base/lock.json").read_text(encoding="utf-8"))["packages"]["amd64"]
    locked = [package for package in lock if package["name"] != "libc6"]
    assert [package["name"] for package in unpacked] == [package["name"] for package in locked]
    for used, package in zip(unpacked, locked, strict=True):
        assert used["sha256"] in {package["sha256"], package.get("fallback", package)["sha256"]}


def test_libraries_are_those_of_the_images(unpacked: Packages) -> None:
    """OpenSSL, SQLite and Python are in the versions that the images ship."""
    packages = {package["name"]: package["version"].rpartition(":")[2] for package in unpacked}
    assert packages["libssl3"].startswith(ssl.OPENSSL_VERSION.split()[1] + "-")
    assert packages["libsqlite3-0"].startswith(sqlite3.sqlite_version + "-")
    assert packages["libpython3.11-minimal"].startswith(sys.version.split()[0] + "-")


def test_libraries_are_loaded_from_beside_the_interpreter() -> None:
    """No library that Debian 12 has is mapped from the machine, but for glibc's."""
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if ".so" in line}
    beside = str(Path(sys.executable).resolve().parents[2])
    foreign = [path for path in mapped if path.startswith("/") and beside not in path and "site-packages" not in path]
    glibc = ("ld-linux", "libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libutil.so")
    assert [path for path in foreign if not Path(path).name.startswith(glibc)] == []


def test_variables_of_the_caller_do_not_count(tmp_path: Path) -> None:
    """PYTHONPATH and the user's site folder are ignored."""
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')", encoding="utf-8")
    program = Path(os.environ["TEST_BINARY"])
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere", "PYTHONSTARTUP": "/nowhere"}
    said = subprocess.run([program, "--version"], env=environment, capture_output=True, text=True, check=False)
    assert said.stdout.startswith("pytest "), said.stderr
    assert not site.ENABLE_USER_SITE


def test_nothing_of_the_machine_is_on_the_path() -> None:
    """Each entry of sys.path is inside the output base: standard library first, then the repository, then wheels."""
    assert not [path for path in sys.path if path.startswith(("/usr/", "/opt/"))]
    library = sys.path.index(str(Path(os.__file__).parent))
    wheels = [position for position, path in enumerate(sys.path) if path.endswith("/site-packages")]
    assert library < min(wheels)

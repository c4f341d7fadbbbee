"""The layer with the packages of a service's lock, above the base."""

import json
from pathlib import Path

import pytest

from tools.oci.base.additional import NothingAddedError, OtherBaseError, additional_packages, check_base, main, merge
from tools.oci.base.deb import Deb
from tools.oci.layers.entries import Entry, File, Folder, Link

_BASE = {"libc6": "2.36-9", "zlib1g": "1.2.13"}


def test_only_what_the_base_lacks_is_added() -> None:
    """Dependencies that are in the base in the same version are omitted."""
    assert additional_packages(_BASE, {"libc6": "2.36-9", "tini": "0.19.0-1"}) == ["tini"]


def test_lock_without_anything_new_is_refused() -> None:
    """A lock without additional packages is refused, because the option would have no effect."""
    with pytest.raises(NothingAddedError):
        additional_packages(_BASE, {"libc6": "2.36-9"})


def test_lock_of_another_base_is_refused(tmp_path: Path) -> None:
    """A lock for another base is refused, because it lacks dependencies that are in the other base."""
    lock = _lock(tmp_path / "own.json", {"tini": "0.19.0-1"}, base="tools/oci/base")
    check_base(lock, base=Path("tools/oci/base"))
    with pytest.raises(
        OtherBaseError, match=r'in tools/oci/base, and the image has the one in slim: set `"base": "slim"`'
    ):
        check_base(lock, base=Path("slim"))


def test_clash_is_one_sentence_with_both_versions_and_both_locks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package in another version than in the base is a one-line error."""
    base, lock = (
        _lock(tmp_path / "base.json", _BASE),
        _lock(tmp_path / "own.json", {"libc6": "2.36-10"}, base=str(tmp_path)),
    )
    output = tmp_path / "layer.tar.gz"
    command = ["--architecture", "amd64", "--base", str(base), "--lock", str(lock), "--compression", "gzip"]
    assert main([*command, "--output", str(output), "never-read.deb"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "error: Debian package libc6 is locked as 2.36-9 for the base and as 2.36-10 for the service"
    )
    assert line.endswith(f"({lock}, {base})")
    assert not output.exists()


def test_programs_and_data_are_kept_and_documentation_is_not() -> None:
    """Programs and data are kept, with the licence and the description of the package."""
    entries: dict[str, Entry] = {
        "bin/tool": File(content=b"1", mode=0o4775),
        "lib/x86_64-linux-gnu/libx.so": Link(target="libx.so.1"),
        "usr/share/misc/magic.mgc": File(content=b"2"),
        "usr/share/doc/tool/copyright": File(content=b"3"),
        "usr/share/doc/tool/changelog.gz": File(content=b"4"),
        "usr/share/man/man1/tool.1.gz": File(content=b"5"),
        "usr/include/x.h": File(content=b"6"),
        "var/lib/tool": Folder(),
    }
    assert merge([Deb(name="tool", control="Package: tool\n", entries=entries)]) == {
        "usr/bin/tool": File(content=b"1", mode=0o755),
        "usr/lib/x86_64-linux-gnu/libx.so": Link(target="libx.so.1"),
        "usr/share/misc/magic.mgc": File(content=b"2"),
        "usr/share/doc/tool/copyright": File(content=b"3"),
        "var/lib/dpkg/status.d/tool": File(content=b"Package: tool\n"),
    }


def test_modules_are_compiled_but_for_those_of_other_pythons() -> None:
    """Modules are compiled, except those that need another version of Python."""
    folder = "usr/lib/python3/dist-packages"
    entries: dict[str, Entry] = {
        f"{folder}/a.py": File(content=b"A = 1\n"),
        f"{folder}/b.py": File(content=b"print 1\n"),
    }
    merged = merge([Deb(name="python3-a", control="", entries=entries)])
    assert [path for path in merged if path.endswith(".pyc")] == [f"{folder}/__pycache__/a.cpython-311.pyc"]


def _lock(path: Path, versions: dict[str, str], **named: str) -> Path:
    packages = [{"name": name, "version": version} for name, version in versions.items()]
    path.write_text(json.dumps(named | {"packages": {"amd64": packages}}))
    return path

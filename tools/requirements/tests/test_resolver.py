"""Resolving with the real uv against a small index on loopback."""

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tools.requirements.lockfile import read_lock
from tools.requirements.resolver import ResolutionError, Resolver


def _publish(index: Path, name: str, version: str, *, needs: str = "") -> None:
    """Put a wheel without code onto the index."""
    folder = index / "simple" / name
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    need = f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{need}")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    _write_page(folder)


def _write_page(folder: Path) -> None:
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.whl")}
    links = [f'<a href="{name}#sha256={digest}">{name}</a>' for name, digest in digests.items()]
    (folder / "index.html").write_text("\n".join(links), encoding="utf-8")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: a test's log is for its failures."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """An index with `app` 1.0 that needs `base`, and what the environment says of it."""
    root = tmp_path / "index"
    _publish(root, "base", "1.0")
    _publish(root, "app", "1.0", needs="base>=1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/simple"
        yield root, {"PIP_INDEX_URL": url, "HOME": str(tmp_path)}
        server.shutdown()
        thread.join()


def _lock(
    tmp_path: Path,
    environment: dict[str, str],
    *,
    previous: str = "",
    options: tuple[str, ...] = (),
) -> str:
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)
    return Resolver(folder, environment).lock("app\n", previous=previous, options=options)


def test_the_lock_pins_everything_and_names_no_host(tmp_path: Path, index: tuple[Path, dict[str, str]]) -> None:
    """Needs are pinned with hashes and file names; where the index is stays out of the lock."""
    text = _lock(tmp_path, index[1])
    lock = {str(name): pin for name, pin in read_lock(text).items()}
    assert {name: pin.version for name, pin in lock.items()} == {"app": "1.0", "base": "1.0"}
    assert [*lock["base"].files.values()] == ["base-1.0-py3-none-any.whl"]
    assert "127.0.0.1" not in text


def test_pins_stay_until_an_upgrade_is_asked_for(tmp_path: Path, index: tuple[Path, dict[str, str]]) -> None:
    """A new release alone changes nothing; `--upgrade-package` takes it."""
    root, environment = index
    first = _lock(tmp_path, environment)
    _publish(root, "base", "2.0")
    assert _lock(tmp_path, environment, previous=first) == first
    upgraded = _lock(tmp_path, environment, previous=first, options=("--upgrade-package=base",))
    assert "base==2.0" in upgraded


def test_an_index_without_the_package_is_an_error_with_uvs_reason(
    tmp_path: Path, index: tuple[Path, dict[str, str]]
) -> None:
    """What cannot be resolved is said, not written."""
    environment = index[1] | {"PIP_INDEX_URL": index[1]["PIP_INDEX_URL"] + "/nowhere"}
    with pytest.raises(ResolutionError, match="app"):
        _lock(tmp_path, environment)

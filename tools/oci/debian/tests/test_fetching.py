"""What the build says of a file that is not what a lock says, with a real Bazel, a mirror and a package index."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_SOURCES = Path("tools/oci/debian")
_POOL = "pool/main/h/hello_1.0_amd64.deb"
_MODULE = """\
module(name = "fixture")

bazel_dep(name = "bazel_skylib", version = "1.8.2")
bazel_dep(name = "platforms", version = "1.0.0")
bazel_dep(name = "rules_oci", version = "2.3.0")
bazel_dep(name = "rules_python", version = "2.3.2")

python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.toolchain(python_version = "3.11")

pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(
    enable_implicit_namespace_pkgs = True,
    hub_name = "pip",
    python_version = "3.11",
    requirements_lock = "//:requirements_lock.txt",
)
use_repo(pip, "pip")

debian = use_extension("//tools/oci/debian:extension.bzl", "debian")
debian.lock(name = "base", lock = "//:lock.json")
use_repo(debian, "base_amd64")
"""
_LOCKED = b"what was locked"

_CHANGED = b"something else"
_WHEEL = "hello-1.0-py3-none-any.whl"

Ask = Callable[[str], str]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class _Index(BaseHTTPRequestHandler):
    """A package index (PEP 503) whose only wheel is another than the hash beside it."""

    def do_GET(self) -> None:
        """Answer with the page, or with the wheel."""
        page = f'<a href="/{_WHEEL}#sha256={_sha256(_LOCKED)}">{_WHEEL}</a>'.encode()
        content = _CHANGED if self.path.endswith(".whl") else page
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    """The address of the index."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Index) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror without any file yet."""
    return tmp_path_factory.mktemp("mirror")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two locks, of one package each."""
    folder = tmp_path_factory.mktemp("workspace")
    shutil.copytree(_SOURCES, folder / _SOURCES, ignore=shutil.ignore_patterns("*.py", "tests", "BUILD.bazel"))
    package = {"name": "hello", "version": "1.0", "path": _POOL, "sha256": _sha256(_LOCKED)}
    lock = {"snapshot": "20260101T000000Z", "packages": {"amd64": [package]}}
    (folder / "lock.json").write_text(json.dumps(lock))
    (folder / "requirements_lock.txt").write_text(f"hello==1.0 \\\n    --hash=sha256:{_sha256(_LOCKED)}\n")
    for place in (".", "tools/oci/debian"):
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / "BUILD.bazel").touch()
    (folder / "MODULE.bazel").write_text(_MODULE)
    return folder


@pytest.fixture(scope="module")
def ask(workspace: Path, mirror: Path, index: str) -> Iterator[Ask]:
    """Ask a Bazel of its own for a target that cannot be had, and return what it says."""
    bazel = ["bazel", f"--output_user_root={workspace / 'bazel'}"]
    interpreter = Path(sys.executable).resolve().parents[2]
    flags = ["--lockfile_mode=off", "--noenable_workspace", "--http_connector_attempts=1"]
    flags += [f"--repo_env=DEBIAN_MIRROR=file://{mirror}", f"--repo_env=PIP_INDEX_URL={index}"]
    flags += [f"--override_repository=rules_python~~python~python_3_11={interpreter}"]

    def run(target: str) -> str:
        command = [*bazel, "query", *flags, f"deps({target})"]
        done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        print(done.stderr)
        return done.stderr

    yield run
    subprocess.run([*bazel, "shutdown"], cwd=workspace, check=False)


def test_changed_package_is_one_message_with_name_and_both_hashes(ask: Ask, mirror: Path) -> None:
    """Whoever reads it knows which file is wrong, where, and how."""
    file = mirror / _POOL
    file.parent.mkdir(parents=True)
    file.write_bytes(_CHANGED)
    hashes = f"expected sha256 {_sha256(_LOCKED)}, found {_sha256(_CHANGED)}"
    said = f"Debian package hello 1.0: {hashes} at file://{file}. The file was changed on the mirror or on the way."
    assert said in ask("@base_amd64//:debs")
    file.unlink()


def test_package_that_is_nowhere_says_what_to_do(ask: Ask, mirror: Path) -> None:
    """A file that a mirror has dropped is told from one that was changed."""
    output = ask("@base_amd64//:debs")
    expected = f"Debian package hello 1.0: expected sha256 {_sha256(_LOCKED)}"
    assert f"{expected}, found no such file at file://{mirror}/" in output
    assert "bazel run //tools/oci/base:update" in output


def test_changed_wheel_is_named_with_both_hashes(ask: Ask, index: str) -> None:
    """The download says which file is wrong, and how."""
    output = ask("@pip//hello:pkg")
    assert f"{index}/{_WHEEL}" in output
    assert f"Checksum was {_sha256(_CHANGED)} but wanted {_sha256(_LOCKED)}" in output

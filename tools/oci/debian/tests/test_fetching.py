"""The build's messages about files that do not match a lock, with a real Bazel, a mirror and a package index."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_SOURCES = Path("tools/oci/debian")
_SNAPSHOT = "20260101T000000Z"
_POOL = "pool/main/h/hello_1.0_all.deb"
_HELLO: dict[str, object] = {"name": "hello", "version": "1.0", "path": _POOL}
_MODULE = """\
module(name = "fixture")

bazel_dep(name = "bazel_skylib", version = "1.9.2")
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
"""
_USE_LOCK = """
debian.lock(name = "{name}", lock = "//:{name}.json")
use_repo(debian, "{name}_amd64")
"""
_LOCKED = b"what was locked"
_CHANGED = b"something else"
_WHEEL = "hello-1.0-py3-none-any.whl"

Ask = Callable[[str], str]
Query = Callable[..., subprocess.CompletedProcess[str]]
Fetch = Callable[..., tuple[str, Path]]


@dataclass(frozen=True, kw_only=True)
class Archives:
    """Folders of a main archive, the security archive beside it, and a snapshot archive."""

    main: Path
    security: Path
    snapshot: Path

    def add(self, path: str, content: bytes, *, to: Path) -> Path:
        """Write a file of an archive."""
        file = to / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _newer(name: str) -> bytes:
    """Return the locked content of a package; contents differ by package, because Bazel caches downloads by hash."""
    return f"{name} of the security archive".encode()


def _frozen(name: str) -> bytes:
    return f"{name} of the main archive".encode()


def _updated(name: str, source: str) -> dict[str, object]:
    """Return a locked package of the security archive with its fallback."""
    folder = f"main/{source[0]}/{source}"
    return {
        "name": name,
        "version": "1.1",
        "path": f"pool/updates/{folder}/{name}_1.1_all.deb",
        "sha256": _sha256(_newer(name)),
        "archive": "debian-security",
        "fallback": {"version": "1.0", "path": f"pool/{folder}/{name}_1.0_all.deb", "sha256": _sha256(_frozen(name))},
    }


_LOCKS: dict[str, list[dict[str, object]]] = {
    "base": [_HELLO | {"sha256": _sha256(_LOCKED)}],
    "archived": [_updated("archived", "archived")],
    "dropped": [_updated("dropped", "one"), _updated("dropped-data", "one"), _updated("kept", "two")],
    "altered": [_updated("altered", "altered")],
    "unconfigured": [_HELLO | {"path": "pool/main/u/new_1.0_all.deb", "sha256": _sha256(_newer("new"))}],
    "gone": [_updated("gone", "gone")],
}


class _Index(BaseHTTPRequestHandler):
    """A package index (PEP 503) whose only wheel does not match the hash in its link."""

    def do_GET(self) -> None:
        """Serve the page or the wheel."""
        page = f'<a href="/{_WHEEL}#sha256={_sha256(_LOCKED)}">{_WHEEL}</a>'.encode()
        content = _CHANGED if self.path.endswith(".whl") else page
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


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
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """Empty archives."""
    folder = tmp_path_factory.mktemp("archives")
    return Archives(main=folder / "debian", security=folder / "debian-security", snapshot=folder / "snapshot")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with several Debian locks, and a Python lock of one distribution."""
    folder = tmp_path_factory.mktemp("workspace")
    shutil.copytree(_SOURCES, folder / _SOURCES, ignore=shutil.ignore_patterns("*.py", "tests", "BUILD.bazel"))
    for name, packages in _LOCKS.items():
        (folder / f"{name}.json").write_text(json.dumps({"snapshot": _SNAPSHOT, "packages": {"amd64": packages}}))
    (folder / "requirements_lock.txt").write_text(f"hello==1.0 \\\n    --hash=sha256:{_sha256(_LOCKED)}\n")
    for place in (".", "tools/oci/debian", "tools/oci/python"):
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / "BUILD.bazel").touch()
    (folder / "tools/oci/python/shipped_python.bzl").write_text("def shipped_python(**_):\n    pass\n")
    (folder / "MODULE.bazel").write_text(_MODULE + "".join(_USE_LOCK.format(name=name) for name in _LOCKS))
    return folder


@pytest.fixture(scope="module")
def bazel(workspace: Path) -> Iterator[list[str]]:
    """The command of a separate Bazel with its own output root, on a machine whose apt has no sources."""
    command = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/etc/apt"]
    command += ["bazel", f"--output_user_root={workspace / 'bazel'}"]
    yield command
    subprocess.run([*command, "shutdown"], cwd=workspace, check=False)


@pytest.fixture(scope="module")
def query(workspace: Path, bazel: list[str], archives: Archives, index: str) -> Query:
    """Return a function that runs `bazel query` for the dependencies of a target."""
    interpreter = Path(sys.executable).resolve().parents[2]
    flags = ["--lockfile_mode=off", "--noenable_workspace", "--http_connector_attempts=1"]
    flags += [f"--repo_env=DEBIAN_MIRROR=file://{archives.main}", f"--repo_env=PIP_INDEX_URL={index}"]
    # Empty: use the security archive beside the main archive, not one from the machine's apt sources.
    flags += ["--repo_env=DEBIAN_SECURITY_MIRROR="]
    flags += [f"--repo_env=DEBIAN_SNAPSHOT_ARCHIVE=file://{archives.snapshot}"]
    flags += [f"--override_repository=rules_python++python+python_3_11={interpreter}"]

    def run(target: str, *more: str) -> subprocess.CompletedProcess[str]:
        command = [*bazel, "query", *flags, *more, f"deps({target})"]
        done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
        print(done.stderr)
        return done

    return run


@pytest.fixture(scope="module")
def ask(query: Query) -> Ask:
    """Build a target that is not available, and return the output of Bazel."""

    def run(target: str) -> str:
        done = query(target)
        assert done.returncode != 0
        return done.stderr

    return run


@pytest.fixture(scope="module")
def fetch(query: Query, workspace: Path, bazel: list[str]) -> Fetch:
    """Fetch the repository of a lock, and return the output of Bazel and the repository's folder."""

    def run(lock: str, *more: str) -> tuple[str, Path]:
        done = query(f"@{lock}_amd64//:debs", *more)
        assert done.returncode == 0
        info = subprocess.run(
            [*bazel, "info", "output_base"], cwd=workspace, capture_output=True, text=True, check=True
        )
        return done.stderr, next(Path(info.stdout.strip(), "external").glob(f"*debian*{lock}_amd64"))

    return run


def test_changed_package_is_one_message_with_name_and_both_hashes(ask: Ask, archives: Archives) -> None:
    """The message has the name of the file, its address and both hashes."""
    file = archives.add(_POOL, _CHANGED, to=archives.main)
    hashes = f"expected sha256 {_sha256(_LOCKED)}, found {_sha256(_CHANGED)}"
    said = f"Debian package hello 1.0: {hashes} at file://{file}. The file was changed on the mirror or on the way."
    assert said in ask("@base_amd64//:debs")
    file.unlink()


def test_package_that_is_nowhere_says_what_to_do(ask: Ask, archives: Archives) -> None:
    """The message for a file that a mirror has dropped differs from that for a changed file."""
    output = ask("@base_amd64//:debs")
    expected = f"Debian package hello 1.0: expected sha256 {_sha256(_LOCKED)}"
    assert f"{expected}, found no such file at file://{archives.main}/" in output
    assert f"nor in the snapshot archive at {_SNAPSHOT}" in output
    assert "bazel run //:update" in output


def test_package_comes_from_the_snapshot_archive(fetch: Fetch, archives: Archives) -> None:
    """A file that the security archive has deleted is fetched from the snapshot of the lock's timestamp."""
    path = "pool/updates/main/a/archived/archived_1.1_all.deb"
    archives.add(path, _newer("archived"), to=archives.snapshot / "debian-security" / _SNAPSHOT)
    said, repository = fetch("archived")
    assert "OUTDATED" not in said
    assert (repository / "debs/archived.deb").read_bytes() == _newer("archived")
    assert json.loads((repository / "status.json").read_text()) == {"outdated": []}


def test_machine_without_a_mirror_uses_the_snapshot_archive(fetch: Fetch, archives: Archives) -> None:
    """The build needs neither a variable nor an apt source, as on Ubuntu and macOS."""
    path = "pool/main/u/new_1.0_all.deb"
    archives.add(path, _newer("new"), to=archives.snapshot / "debian" / _SNAPSHOT)
    _, repository = fetch("unconfigured", "--repo_env=DEBIAN_MIRROR=")
    assert (repository / "debs/hello.deb").read_bytes() == _newer("new")


def test_dropped_package_falls_back_with_all_of_its_source(fetch: Fetch, archives: Archives) -> None:
    """The frozen version is used for both packages of the source, one line reports it, and the status names them."""
    for name, source in (("dropped-data", "one"), ("kept", "two")):
        path = f"pool/updates/main/{source[0]}/{source}/{name}_1.1_all.deb"
        archives.add(path, _newer(name), to=archives.security)
    for name in ("dropped", "dropped-data"):
        archives.add(f"pool/main/o/one/{name}_1.0_all.deb", _frozen(name), to=archives.main)
    said, repository = fetch("dropped")
    (line,) = [line for line in said.splitlines() if "OUTDATED" in line]
    assert "dropped 1.1 (using 1.0), dropped-data 1.1 (using 1.0). Run: bazel run //:update" in line
    for name in ("dropped", "dropped-data"):
        assert (repository / f"debs/{name}.deb").read_bytes() == _frozen(name)
    assert (repository / "debs/kept.deb").read_bytes() == _newer("kept")
    assert json.loads((repository / "status.json").read_text()) == {
        "outdated": [
            {"architecture": "amd64", "package": name, "update": "//:update", "used": "1.0", "wanted": "1.1"}
            for name in ("dropped", "dropped-data")
        ]
    }


def test_changed_package_is_an_error_although_it_has_a_fallback(ask: Ask, archives: Archives) -> None:
    """A file with another hash is an error, never replaced by an older version."""
    archives.add("pool/updates/main/a/altered/altered_1.1_all.deb", _CHANGED, to=archives.security)
    archives.add("pool/main/a/altered/altered_1.0_all.deb", _frozen("altered"), to=archives.main)
    assert f"found {_sha256(_CHANGED)} at file://{archives.security}" in ask("@altered_amd64//:debs")


def test_package_without_file_and_fallback_is_an_error(ask: Ask) -> None:
    """The message has the package in the locked version."""
    assert f"Debian package gone 1.1: expected sha256 {_sha256(_newer('gone'))}, found no such" in ask(
        "@gone_amd64//:debs"
    )


def test_changed_wheel_is_named_with_both_hashes(ask: Ask, index: str) -> None:
    """The message of the download has the file and both hashes."""
    output = ask("@pip//hello:pkg")
    assert f"{index}/{_WHEEL}" in output
    assert f"Checksum was {_sha256(_CHANGED)} but wanted {_sha256(_LOCKED)}" in output


@pytest.mark.parametrize("name", ["fetching.bzl", "mirrors.bzl"])
def test_copy_of_the_air_gapped_mode_is_equal(name: str) -> None:
    """The stand-in for rules_python has equal copies of the rules that fetch Debian packages."""
    copy = Path("tools/airgap/modules/rules_python/python/private/interpreter", name)
    assert copy.read_text() == (_SOURCES / name).read_text()

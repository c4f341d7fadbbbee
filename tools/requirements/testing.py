"""A package index and a vulnerability service on loopback."""

import hashlib
import http.server
import json
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

_PAGE = "index.json"


def publish(index: Path, name: str, version: str, *, needs: str = "", status: str = "active") -> None:
    """Put a wheel without code onto the index; `status` is that of the project (PEP 792)."""
    folder = index / "simple" / name
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    need = f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{need}")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    _write_page(folder, status)


def _write_page(folder: Path, status: str) -> None:
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.whl")}
    page = {
        "meta": {"api-version": "1.4"},
        "name": folder.name,
        "project-status": {"status": status},
        "files": [{"filename": name, "url": name, "hashes": {"sha256": digest}} for name, digest in digests.items()],
    }
    (folder / _PAGE).write_text(json.dumps(page), encoding="utf-8")


class _IndexHandler(http.server.SimpleHTTPRequestHandler):
    """The JSON form of the simple index (PEP 691): uv reads a project's status only from it."""

    def guess_type(self, path: str | PathLike[str]) -> str:
        """Return the content type of a page, by which uv determines its format."""
        return "application/vnd.pypi.simple.v1+json" if str(path).endswith(_PAGE) else super().guess_type(path)

    def translate_path(self, path: str) -> str:
        """Find a project's page for the address of its folder."""
        return super().translate_path(path + _PAGE if path.endswith("/") else path)

    def log_message(self, *_: object) -> None:
        """Say nothing: a test's log is for its failures."""


@contextmanager
def serving_index(root: Path) -> Iterator[str]:
    """Serve the folder and yield the address of its simple index."""
    with _serving(partial(_IndexHandler, directory=str(root))) as url:
        yield f"{url}/simple"


@contextmanager
def serving_advisories(advisories: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Serve OSV's API with one advisory for each package of `advisories`; yield its address."""
    with _serving(partial(_AdvisoryHandler, advisories)) as url:
        yield f"{url}/"


@contextmanager
def _serving(handler: Callable[..., http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _AdvisoryHandler(http.server.BaseHTTPRequestHandler):
    """The two requests of OSV's API that uv sends (https://google.github.io/osv.dev/api/)."""

    def __init__(self, advisories: Mapping[str, Mapping[str, Any]], *rest: object) -> None:
        self._advisories = advisories
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        """Answer `/v1/querybatch`: the identifiers for each requested package."""
        queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        names = [query["package"]["name"] for query in queries]
        found = [[self._advisories[name]] if name in self._advisories else [] for name in names]
        results = [[{"id": each["id"], "modified": each["modified"]} for each in entry] for entry in found]
        self._send({"results": [{"vulns": vulnerabilities} for vulnerabilities in results]})

    def do_GET(self) -> None:
        """Answer `/v1/vulns/ID`."""
        wanted = self.path.rpartition("/")[2]
        self._send(next(entry for entry in self._advisories.values() if entry["id"] == wanted))

    def log_message(self, *_: object) -> None:
        """Say nothing: a test's log is for its failures."""

    def _send(self, document: Mapping[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

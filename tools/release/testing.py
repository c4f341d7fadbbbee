"""A registry with properties that docker-registry lacks, for tests: the referrers API, and tags that are immutable."""

import http.client
import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from tools.oci.push.layout import digest_of

_MANIFEST = re.compile(r"/v2/[^?]+/manifests/(?P<reference>[^?]+)$")
_REFERRERS = re.compile(r"/v2/[^?]+/referrers/(?P<digest>[^?]+)$")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, registry: str, *, immutable: bool, referrers_api: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.registry = registry
        self.immutable = immutable
        self.referrers_api = referrers_api
        self.tags: set[str] = set()
        self.referrers: dict[str, list[dict[str, Any]]] = defaultdict(list)


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on to the registry, but for what it lacks."""

    def do_GET(self) -> None:
        """Answer the referrers API, or pass on."""
        server = cast("_Server", self.server)
        found = _REFERRERS.match(self.path)
        if found and server.referrers_api:
            index = {"schemaVersion": 2, "manifests": server.referrers[found["digest"]]}
            self._answer(200, json.dumps(index).encode())
        else:
            self._pass_on(b"")

    def do_PUT(self) -> None:
        """Refuse to move a tag, list a manifest with a subject, or pass on."""
        server, content = cast("_Server", self.server), self._content()
        found = _MANIFEST.match(self.path)
        if found and ":" not in found["reference"] and server.immutable:
            if self.path in server.tags:
                errors = [{"code": "TAG_IMMUTABLE", "message": f"{found['reference']} exists"}]
                return self._answer(400, json.dumps({"errors": errors}).encode())
            server.tags.add(self.path)
        subject = json.loads(content).get("subject", {}).get("digest") if found and server.referrers_api else None
        if subject:
            server.referrers[subject].append({"digest": digest_of(content), "size": len(content)})
        return self._pass_on(content, {"Oci-Subject": subject} if subject else {})

    def do_POST(self) -> None:
        """Pass on."""
        self._pass_on(self._content())

    do_HEAD = do_GET  # noqa: N815 - the names that http.server looks for
    do_PATCH = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _content(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        return b"".join(parts)

    def _pass_on(self, content: bytes, extra: dict[str, str] | None = None) -> None:
        connection = http.client.HTTPConnection(cast("_Server", self.server).registry)
        headers = {name: value for name, value in self.headers.items() if name != "Transfer-Encoding"}
        connection.request(self.command, self.path, content or None, headers | {"Content-Length": str(len(content))})
        answer = connection.getresponse()
        self._answer(answer.status, answer.read(), dict(answer.getheaders()) | (extra or {}))
        connection.close()

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def extended_registry(registry: str, *, immutable: bool = False, referrers_api: bool = False) -> Iterator[str]:
    """Yield the address of a registry that stores its content in another registry."""
    with _Server(registry, immutable=immutable, referrers_api=referrers_api) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        # Otherwise a thread that still serves would keep a failed test from ending.
        try:
            yield f"localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

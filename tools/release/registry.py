"""A registry as its API has it (OCI distribution spec 1.1), counting each byte of content that is sent."""

import hashlib
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.release.credentials import basic_authorization

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

_SECONDS = 60
_ACCEPTED = f"{INDEX}, {MANIFEST}"
_LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class RegistryError(Exception):
    """A registry refused, or could not be reached."""

    def __init__(self, registry: str, reason: str) -> None:
        super().__init__(f"{registry}: {reason}")
        self.registry = registry


def digest_of(content: bytes) -> str:
    """The digest by which a registry knows some content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(kw_only=True)
class Repository:
    """One repository of a registry. `sent` counts bytes of blobs and manifests, without HTTP around them."""

    registry: str
    name: str
    sent: int = 0
    _authorization: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, reference: str) -> "Repository":
        """Make one from `registry/name`."""
        registry, _, name = reference.partition("/")
        return cls(registry=registry, name=name)

    def has(self, digest: str) -> bool:
        """Whether a blob is there."""
        return self._try("HEAD", f"blobs/{digest}") is not None

    def digest(self, reference: str) -> str | None:
        """What a tag names; None where there is no such tag."""
        manifest = self.manifest(reference)
        return None if manifest is None else digest_of(manifest)

    def manifest(self, reference: str) -> bytes | None:
        """The manifest of a tag or digest; None where there is none."""
        return self._try("GET", f"manifests/{reference}", headers={"Accept": _ACCEPTED})

    def blob(self, digest: str) -> bytes:
        """A blob, checked against its digest; raises RegistryError where it is absent or another."""
        content = self._try("GET", f"blobs/{digest}")
        if content is None or digest_of(content) != digest:
            raise RegistryError(self.registry, f"{self.name} has no {digest}, or something else in its place")
        return content

    def mount(self, digest: str, source: str) -> bool:
        """Take a blob over from another repository of this registry; False where the registry will not."""
        query = urllib.parse.urlencode({"mount": digest, "from": source})
        with self._call("POST", f"blobs/uploads/?{query}", content=b"") as answer:
            return bool(answer.status == http.HTTPStatus.CREATED)

    def upload(self, content: bytes) -> str:
        """Send a blob; return its digest."""
        digest = digest_of(content)
        with self._call("POST", "blobs/uploads/", content=b"") as answer:
            place = urllib.parse.urljoin(answer.url, answer.headers["Location"])
        place += ("&" if "?" in place else "?") + urllib.parse.urlencode({"digest": digest})
        self._call("PUT", place, content=content, headers={"Content-Type": "application/octet-stream"}).close()
        self.sent += len(content)
        return digest

    def put(self, reference: str, content: bytes) -> None:
        """Write a manifest or index under a tag or its digest."""
        kind: str = json.loads(content).get("mediaType", INDEX)
        self._call("PUT", f"manifests/{reference}", content=content, headers={"Content-Type": kind}).close()
        self.sent += len(content)

    def _try(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> bytes | None:
        """The content of an answer, None for 404."""
        try:
            with self._call(method, path, headers=headers) as answer:
                content: bytes = answer.read()
                return content
        except _AbsentError:
            return None

    def _call(
        self, method: str, path: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - what urllib opens has no type of its own
        scheme = "http" if _LOOPBACK.match(self.registry) else "https"
        url = path if "://" in path else f"{scheme}://{self.registry}/v2/{self.name}/{path}"
        try:
            return self._open(method, url, content, headers or {})
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.NOT_FOUND:
                raise _AbsentError(self.registry, f"{self.name} has no {path}") from error
            raise RegistryError(self.registry, f"{self.name}: {error.code} {error.reason}") from error
        except OSError as error:
            raise RegistryError(self.registry, str(getattr(error, "reason", error))) from error

    def _open(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Any:  # noqa: ANN401
        try:
            return self._send(method, url, content, headers)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.UNAUTHORIZED:
                raise
            self._authorization = self._authorize(error.headers.get("WWW-Authenticate", ""))
            return self._send(method, url, content, headers)

    def _send(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Any:  # noqa: ANN401
        request = urllib.request.Request(url, data=content, method=method, headers=dict(headers))  # noqa: S310
        # Only for the registry itself: a redirect to its storage brings rights of its own.
        if self._authorization and urllib.parse.urlsplit(url).netloc == self.registry:
            request.add_unredirected_header("Authorization", self._authorization)
        return urllib.request.urlopen(request, timeout=_SECONDS)  # noqa: S310 - http or https, from above

    def _authorize(self, challenge: str) -> str | None:
        """Answer a challenge: with the password, or with a token that the password is good for."""
        basic = basic_authorization(self.registry)
        if not challenge.lower().startswith("bearer"):
            return basic
        asked = dict(_CHALLENGE.findall(challenge))
        realm = asked.pop("realm")
        query = urllib.parse.urlencode(asked | {"scope": f"repository:{self.name}:pull,push"})
        request = urllib.request.Request(f"{realm}?{query}", headers={"Authorization": basic} if basic else {})  # noqa: S310
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - named by the registry
            token = json.load(answer)
        return f"Bearer {token.get('token') or token['access_token']}"


class _AbsentError(RegistryError):
    """404."""

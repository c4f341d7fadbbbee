"""Reads images from a registry, as a deployment does."""

import hashlib
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass

_MANIFESTS = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"


class ChangedBlobError(Exception):
    """The response of a registry does not match the request."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """One repository of a registry with plain HTTP."""

    url: str

    def digest(self, tag: str) -> str:
        """Return the digest that a tag names."""
        with self._get(f"manifests/{tag}") as answer:
            digest: str = answer.headers["Docker-Content-Digest"]
            return digest

    def read(self, digest: str) -> bytes:
        """Return a manifest or blob, checked against its digest."""
        try:
            with self._get(f"manifests/{digest}") as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError:
            with self._get(f"blobs/{digest}") as answer:
                content = answer.read()
        if digest != "sha256:" + hashlib.sha256(content).hexdigest():
            raise ChangedBlobError(digest)
        return content

    def _get(self, path: str) -> http.client.HTTPResponse:
        request = urllib.request.Request(f"{self.url}/{path}", headers={"Accept": _MANIFESTS})  # noqa: S310
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=30)  # noqa: S310
        return answer

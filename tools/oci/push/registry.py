"""A registry as its API has it (OCI distribution spec 1.1), counting each byte of content that is sent."""

import hashlib
import http.client
import json
import re
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tools.oci.push.credentials import login_for

T = TypeVar("T")

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

_SECONDS = 60
_CLIENT = "image_push"
_ACCEPTED = f"{INDEX}, {MANIFEST}"
_LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')

# A registry that restarts, or a network that hiccups, is back within these; people wait no longer.
_PAUSES_SECONDS = (0.5, 2.0, 5.0)
# Images say docker.io, its API answers elsewhere.
_HOSTS = {"docker.io": "registry-1.docker.io"}
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_SAID = {401: "wrong or no password, see `docker login`", 403: "the password is not good for this"}


class RegistryError(Exception):
    """A registry refused, or could not be reached; `passing` where trying again may help."""

    def __init__(self, registry: str, reason: str, *, passing: bool = False) -> None:
        super().__init__(f"{registry}: {' '.join(reason.split())}")
        self.registry = registry
        self.passing = passing


def digest_of(content: bytes) -> str:
    """The digest by which a registry knows some content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def repository_for(default: str, registry: str) -> str:
    """The repository of a service on a registry other than the default's."""
    return f"{registry.rstrip('/')}/{default.partition('/')[2]}" if registry else default


@dataclass(kw_only=True)
class Repository:
    """One repository of a registry, for any number of threads. What fails in passing is tried again after `pauses`.

    `sent` counts bytes of blobs and manifests that arrived, without HTTP around them.
    """

    registry: str
    name: str
    sent: int = 0
    pauses: Sequence[float] = _PAUSES_SECONDS
    _authorization: str | None = field(default=None, repr=False)
    _counting: threading.Lock = field(default_factory=threading.Lock, repr=False)

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
        """The manifest of a tag or digest; None where there is none. Raises RegistryError for anything else."""
        content = self._try("GET", f"manifests/{reference}", headers={"Accept": _ACCEPTED})
        if content is None:
            return None
        if not _is_manifest(content):
            raise RegistryError(self.registry, f"{self.name}: {reference} is no manifest; is this a registry?")
        if ":" in reference and digest_of(content) != reference:
            raise RegistryError(self.registry, f"{self.name} has something else in the place of {reference}")
        return content

    def blob(self, digest: str) -> bytes:
        """A blob, checked against its digest; raises RegistryError where it is absent or another."""
        content = self._try("GET", f"blobs/{digest}")
        if content is None or digest_of(content) != digest:
            raise RegistryError(self.registry, f"{self.name} has no {digest}, or something else in its place")
        return content

    def mount(self, digest: str, source: str) -> bool:
        """Take a blob over from another repository of this registry; False where the registry will not."""
        query = urllib.parse.urlencode({"mount": digest, "from": source})

        def ask() -> bool:
            with self._call("POST", f"blobs/uploads/?{query}", content=b"") as answer:
                return bool(answer.status == http.HTTPStatus.CREATED)

        return self._patiently(digest, ask)

    def upload(self, content: bytes) -> str:
        """Send a blob; return its digest."""
        digest = digest_of(content)
        # Each attempt is an upload of its own: one that broke off has half of the content.
        self._patiently(digest, lambda: self._upload(content, digest))
        self._count(content)
        return digest

    def put(self, reference: str, content: bytes) -> None:
        """Write a manifest or index under a tag or its digest."""
        kind: str = json.loads(content).get("mediaType", INDEX)
        path, headers = f"manifests/{reference}", {"Content-Type": kind}
        self._patiently(path, lambda: self._call("PUT", path, content=content, headers=headers).close())
        self._count(content)

    def _upload(self, content: bytes, digest: str) -> None:
        with self._call("POST", "blobs/uploads/", content=b"") as answer:
            place = urllib.parse.urljoin(answer.url, answer.headers["Location"])
        place += ("&" if "?" in place else "?") + urllib.parse.urlencode({"digest": digest})
        self._call("PUT", place, content=content, headers={"Content-Type": "application/octet-stream"}).close()

    def _count(self, content: bytes) -> None:
        with self._counting:
            self.sent += len(content)

    def _try(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> bytes | None:
        """The content of an answer, None for 404."""

        def ask() -> bytes:
            with self._call(method, path, headers=headers) as answer:
                content: bytes = answer.read()
                return content

        try:
            return self._patiently(path, ask)
        except _AbsentError:
            return None

    def _patiently(self, what: str, call: Callable[[], T], attempt: int = 0) -> T:
        """Return what a call returns; raise RegistryError when it failed for good, or too often."""
        try:
            return call()
        except (OSError, http.client.HTTPException, ValueError) as error:
            failure = self._failure(what, error)
            if not failure.passing or attempt == len(self.pauses):
                raise failure from error
        time.sleep(self.pauses[attempt])
        return self._patiently(what, call, attempt + 1)

    def _failure(self, what: str, error: Exception) -> RegistryError:
        if not isinstance(error, urllib.error.HTTPError):
            cause = getattr(error, "reason", error)
            # A name that cannot be looked up, or a login that cannot be read.
            lasts = isinstance(error, ValueError) or isinstance(cause, ssl.SSLCertVerificationError)
            return RegistryError(self.registry, str(cause), passing=not lasts)
        error.close()
        if error.code == http.HTTPStatus.NOT_FOUND:
            return _AbsentError(self.registry, f"{self.name} has no {what}")
        reason = f"{self.name}: {error.code} {_SAID.get(error.code, error.reason)}"
        return RegistryError(self.registry, reason, passing=error.code in _PASSING)

    def _call(
        self, method: str, path: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - what urllib opens has no type of its own
        scheme = "http" if _LOOPBACK.match(self.registry) else "https"
        host = _HOSTS.get(self.registry, self.registry)
        url = path if "://" in path else f"{scheme}://{host}/v2/{self.name}/{path}"
        return self._open(method, url, content, headers or {})

    def _open(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Any:  # noqa: ANN401
        try:
            return self._send(method, url, content, headers)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.UNAUTHORIZED:
                raise
            error.close()
            self._authorization = self._authorize(error.headers.get("WWW-Authenticate", ""))
            return self._send(method, url, content, headers)

    def _send(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Any:  # noqa: ANN401
        request = urllib.request.Request(url, data=content, method=method, headers=dict(headers))  # noqa: S310
        # Only for the registry itself: a redirect to its storage brings rights of its own.
        if self._authorization and urllib.parse.urlsplit(url).netloc == _HOSTS.get(self.registry, self.registry):
            request.add_unredirected_header("Authorization", self._authorization)
        return urllib.request.urlopen(request, timeout=_SECONDS)  # noqa: S310 - http or https, from above

    def _authorize(self, challenge: str) -> str | None:
        """Answer a challenge: with the password, or with a token that the password or identity token is good for."""
        login = login_for(self.registry)
        if not challenge.lower().startswith("bearer"):
            return login.basic
        asked = dict(_CHALLENGE.findall(challenge))
        realm = asked.pop("realm", "")
        if not realm.startswith(("https://", "http://")):
            raise RegistryError(self.registry, "wants a token and does not say from where")
        asked["scope"] = f"repository:{self.name}:pull,push"
        if login.identity_token:
            request = _refreshing(realm, asked, login.identity_token)
        else:
            headers = {"Authorization": login.basic} if login.basic else {}
            request = urllib.request.Request(f"{realm}?{urllib.parse.urlencode(asked)}", headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - named by the registry
            return f"Bearer {self._token(answer.read())}"

    def _token(self, content: bytes) -> str:
        try:
            document = json.loads(content)
            return str(document.get("token") or document["access_token"])
        except (ValueError, AttributeError, KeyError) as error:
            raise RegistryError(self.registry, "was asked for a token and gave none") from error


def _is_manifest(content: bytes) -> bool:
    """Whether it is a manifest or an index, as far as it is read here."""
    try:
        document = json.loads(content)
        return all("digest" in entry for entry in document.get("manifests", []))
    except (ValueError, AttributeError, TypeError):
        return False


def _refreshing(realm: str, asked: Mapping[str, str], identity_token: str) -> urllib.request.Request:
    """Ask for a token by another (distribution's "Oauth2 Token Authentication": POST, grant_type=refresh_token)."""
    form = {"grant_type": "refresh_token", "client_id": _CLIENT, "refresh_token": identity_token, **asked}
    return urllib.request.Request(realm, data=urllib.parse.urlencode(form).encode(), method="POST")  # noqa: S310


class _AbsentError(RegistryError):
    """404."""

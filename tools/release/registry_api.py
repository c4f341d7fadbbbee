"""The requests for attaching content to an image that crane does not support (OCI distribution spec 1.1).

crane writes the referrers tag again for each manifest with a subject, which immutable tags forbid, and cannot ask the
referrers API.
"""

import http
import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

from tools.oci.push.crane import Crane, RegistryError
from tools.oci.push.layout import digest_of

_SECONDS = 60
# Images name docker.io, whose API answers elsewhere.
_HOSTS = {"docker.io": "registry-1.docker.io"}
_LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?")
_PAUSES_SECONDS = (0.5, 2.0, 8.0)
_TEMPORARY = {408, 429, 500, 502, 503, 504}
_PORTS = {"http": 80, "https": 443}


class _Answer(NamedTuple):
    """A registry's answer, and the address that it came from, which differs from the requested one after a redirect."""

    url: str
    headers: http.client.HTTPMessage
    content: bytes


@dataclass(frozen=True, kw_only=True)
class RegistryApi:
    """One repository of a registry.

    Attributes:
        url: where the registry answers, without a final slash.
        name: the repository.
        authorization: the value of that header, empty for none.
        insecure: whether certificates may be unknown.
    """

    url: str
    name: str
    authorization: str = field(default="", repr=False)
    insecure: bool = False

    @classmethod
    def of(cls, repository: str, *, crane: Crane, push: bool) -> "RegistryApi":
        """Return the API of `registry/name` with the credentials that crane finds, for reading or for writing too.

        As with crane, loopback may use plain HTTP, and `--insecure` allows it for all registries.

        Raises:
            RegistryError: the registry cannot be reached, or gives no token.
        """
        registry, _, name = repository.partition("/")
        authorization = crane.authorization(repository, push=push) or ""
        host = _HOSTS.get(registry, registry)
        may_be_plain = crane.insecure or _LOOPBACK.fullmatch(registry)
        scheme = "http" if may_be_plain and _speaks_plain_http(host) else "https"
        return cls(url=f"{scheme}://{host}", name=name, authorization=authorization, insecure=crane.insecure)

    @property
    def _host(self) -> str:
        return urllib.parse.urlsplit(self.url).netloc

    def referrers(self, digest: str) -> list[dict[str, Any]] | None:
        """Return the descriptors of a digest's referrers; None if the registry lacks the referrers API."""
        found: list[dict[str, Any]] = []
        page = f"{self.url}/v2/{self.name}/referrers/{digest}"
        while page:
            try:
                answer = self._request("GET", page)
            except _NotFoundError:
                return None
            found += manifests_of(answer.content, source=f"{self._host}/{self.name}")
            link = answer.headers.get("Link", "")
            page = urllib.parse.urljoin(answer.url, link[link.find("<") + 1 : link.find(">")]) if "<" in link else ""
        return found

    def upload(self, content: bytes) -> str:
        """Upload a blob with one POST and one PUT; return its digest."""
        digest = digest_of(content)
        answer = self._request("POST", f"{self.url}/v2/{self.name}/blobs/uploads/", content=b"")
        if "Location" not in answer.headers:
            raise RegistryError(self._host, f"{self.name}: the response has no address for the upload")
        location = urllib.parse.urljoin(answer.url, answer.headers["Location"])
        location += ("&" if "?" in location else "?") + urllib.parse.urlencode({"digest": digest})
        self._request("PUT", location, content=content, kind="application/octet-stream")
        return digest

    def put(self, reference: str, manifest: bytes) -> bool:
        """Write a manifest under a digest or tag; return whether the registry lists it as a referrer of its subject.

        The registry's header `OCI-Subject` shows this ("Pushing Manifests with Subject").
        """
        kind = json.loads(manifest)["mediaType"]
        url = f"{self.url}/v2/{self.name}/manifests/{reference}"
        return "OCI-Subject" in self._request("PUT", url, content=manifest, kind=kind).headers

    def _request(self, method: str, url: str, *, content: bytes | None = None, kind: str = "") -> _Answer:
        for pause in (*_PAUSES_SECONDS, None):
            try:
                return self._request_once(method, url, content=content, kind=kind)
            except urllib.error.HTTPError as error:
                with error:
                    failure = self._failure(error)
                if error.code not in _TEMPORARY or pause is None:
                    raise failure from error
            except (OSError, http.client.HTTPException) as error:
                if pause is None:
                    raise RegistryError(self._host, str(getattr(error, "reason", error))) from error
            time.sleep(pause)
        raise AssertionError

    def _request_once(self, method: str, url: str, *, content: bytes | None, kind: str) -> _Answer:
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(url, data=content, method=method, headers=headers)  # noqa: S310 - checked next
        self._authorize(request)
        with self._open(request) as answer:
            # Header names are case-insensitive (RFC 9110, section 5.1); registries in Go send `Oci-Subject`.
            return _Answer(answer.url, answer.headers, answer.read())

    def _authorize(self, request: urllib.request.Request) -> None:
        """Add the credentials, unless an upload or a redirect goes to another host, which must not see them."""
        scheme = urllib.parse.urlsplit(request.full_url).scheme
        if scheme not in _PORTS:
            raise RegistryError(self._host, f"{self.name}: the registry refers to {scheme!r} instead of HTTP")
        if self.authorization and _origin(request.full_url) == _origin(self.url):
            request.add_unredirected_header("Authorization", self.authorization)

    def _open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        context = ssl.create_default_context()
        if self.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        handlers: list[urllib.request.BaseHandler] = [
            urllib.request.HTTPSHandler(context=context),
            _RedirectHandler(self._authorize),
        ]
        if _LOOPBACK.fullmatch(self._host):
            # Use no proxy for loopback, as crane: a proxy cannot reach it.
            handlers.append(urllib.request.ProxyHandler({}))
        answer: http.client.HTTPResponse = urllib.request.build_opener(*handlers).open(request, timeout=_SECONDS)
        return answer

    def _failure(self, error: urllib.error.HTTPError) -> RegistryError:
        """Return the registry's error message ("Error Codes" of the specification)."""
        if error.code == http.HTTPStatus.NOT_FOUND:
            return _NotFoundError(self._host, f"{self.name}: not found")
        try:
            [first, *_] = json.loads(error.read())["errors"]
            reason = f"{first['code']}: {first.get('message', '')}"
        except (ValueError, KeyError, TypeError):
            reason = error.reason
        return RegistryError(self._host, f"{self.name}: {error.code} {reason}")


def manifests_of(content: bytes, *, source: str) -> list[dict[str, Any]]:
    """Return the descriptors of an index of referrers; raise RegistryError where it is none, but a page for example."""
    try:
        # Registries in Go may write an empty list as null.
        found = json.loads(content).get("manifests") or []
        if all(isinstance(entry["digest"], str) for entry in found):
            return list(found)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    raise RegistryError(source, "the response of the registry is not a list of referrers")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port (RFC 6454)."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


class _RedirectHandler(urllib.request.HTTPRedirectHandler):
    """Repeats writing requests too after 307 and 308, with method and content (RFC 9110, sections 15.4.8, 15.4.9)."""

    def __init__(self, authorize: Callable[[urllib.request.Request], None]) -> None:
        self._authorize = authorize

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request for the new address, with credentials where that is the registry's own."""
        made: urllib.request.Request | None
        if code in {http.HTTPStatus.TEMPORARY_REDIRECT, http.HTTPStatus.PERMANENT_REDIRECT}:
            method = req.get_method()
            made = urllib.request.Request(newurl, data=req.data, method=method, headers=req.headers)  # noqa: S310
        else:
            made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made:
            self._authorize(made)
        return made


def _speaks_plain_http(host: str) -> bool:
    """Tell whether a registry answers without TLS; one with TLS breaks off, or answers 400."""
    with closing(http.client.HTTPConnection(host, timeout=_SECONDS)) as connection:
        try:
            connection.request("GET", "/v2/")
            with connection.getresponse() as answer:
                return answer.status != http.HTTPStatus.BAD_REQUEST
        except (OSError, http.client.HTTPException):
            return False


class _NotFoundError(RegistryError):
    """The registry does not have the content or the endpoint of a path."""

"""The Debian mirror of this machine: DEBIAN_MIRROR, else the apt source that serves Debian's archive."""

from __future__ import annotations

import calendar
import lzma
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import NamedTuple

from tools.airgap import apt
from tools.airgap.errors import AirgapError
from tools.airgap.progress import say

SUITES = ("forky", "sid")
"""Where Debian keeps a current Bazel, the steadier first."""

PATIENCE = 20
"""Seconds that a mirror may take to answer."""


class Mirror(NamedTuple):
    """An archive with Debian's layout, and the proxy that apt uses for it."""

    url: str
    proxy: str | None = None

    @property
    def shown(self) -> str:
        """The address without its password, for messages."""
        return re.sub(r"://[^/@]*@", "://", self.url)


class Offer(NamedTuple):
    """The version of Bazel that a mirror offers."""

    suite: str
    version: str
    expired: str
    """The Valid-Until of a Release that is past it, else empty."""


def debian_mirror(env: Mapping[str, str]) -> Mirror:
    """Return the mirror that this machine uses.

    Raises:
        AirgapError: none is configured.
    """
    named = env.get("DEBIAN_MIRROR", "").rstrip("/")
    if named:
        return Mirror(named, apt.proxy_for(named))
    for source in apt.sources():
        mirror = Mirror(source.url, apt.proxy_for(source.url))
        if is_debian(source, mirror):
            return mirror
    raise AirgapError("none of apt's sources is Debian's archive; set DEBIAN_MIRROR to a mirror of it")


def security_mirror(env: Mapping[str, str]) -> Mirror | None:
    """Return the mirror of the security archive that is configured; None means beside the other mirror.

    If DEBIAN_MIRROR is set, its mirror serves both archives, so apt's source is used only if DEBIAN_MIRROR is unset.
    """
    named = env.get("DEBIAN_SECURITY_MIRROR", "").rstrip("/")
    if named:
        return Mirror(named, apt.proxy_for(named))
    sources = [] if env.get("DEBIAN_MIRROR") else apt.sources()
    candidates = ((source, Mirror(source.url, apt.proxy_for(source.url))) for source in sources)
    return next((mirror for source, mirror in candidates if is_debian(source, mirror, label="Debian-Security")), None)


def is_debian(source: apt.Source, mirror: Mirror, *, label: str = "Debian") -> bool:
    """Return whether the Release file of the source has Debian's origin and this label."""
    release = apt.known_release(source)
    if release is None:
        try:
            release = fetch(mirror, f"dists/{source.suite}/InRelease").decode(errors="replace")
        except OSError:
            return False
    return apt.field(release, "Origin") == "Debian" and apt.field(release, "Label") == label


def best_offer(mirror: Mirror, series: str) -> Offer:
    """Return the first suite with a Bazel of the series (`7.7.`), else the first with any.

    Raises:
        AirgapError: the mirror does not answer or has no Bazel.
    """
    offers = []
    for suite in SUITES:
        offer = look_up(mirror, suite)
        if offer and offer.version.startswith(series):
            return offer
        offers.extend([offer] if offer else [])
    if not offers:
        raise AirgapError(f"{mirror.shown} has no bazel-bootstrap in {' or '.join(SUITES)}")
    return offers[0]


def look_up(mirror: Mirror, suite: str) -> Offer | None:
    """Return the Bazel that the suite offers, or None."""
    try:
        release = fetch(mirror, f"dists/{suite}/InRelease").decode(errors="replace")
        packages = fetch(mirror, f"dists/{suite}/main/binary-{architecture()}/Packages.xz")
    except urllib.error.HTTPError as error:
        say(f"{mirror.shown} has no {suite}: {error.code} {error.reason}")
        return None
    except (OSError, ValueError) as error:
        cause = getattr(error, "reason", error)
        raise AirgapError(f"the Debian mirror {mirror.shown} does not answer: {cause}") from None
    version = bazel_version(lzma.decompress(packages))
    return Offer(suite, version, expiry(release, now=time.time())) if version else None


def bazel_version(packages: bytes) -> str:
    """Return the version of bazel-bootstrap in an index of packages, or an empty string."""
    stanza = re.search(rb"^Package: bazel-bootstrap\n(?:.+\n)*", packages, re.MULTILINE)
    return apt.field(stanza[0].decode(), "Version") if stanza else ""


def expiry(release: str, *, now: float) -> str:
    """Return the Valid-Until of the Release if it is past, else an empty string."""
    until = apt.field(release, "Valid-Until")
    if not until:
        return ""
    stamp = time.strptime(re.sub(r" (UTC|GMT)$", "", until), "%a, %d %b %Y %H:%M:%S")
    return until if calendar.timegm(stamp) < now else ""


def architecture() -> str:
    """Return Debian's name of this machine's processor."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def fetch(mirror: Mirror, path: str) -> bytes:
    """Return a file of the mirror.

    Raises:
        OSError: it cannot be read.
        ValueError: the mirror's address is none.
    """
    proxies = {"http": mirror.proxy, "https": mirror.proxy} if mirror.proxy else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
    with opener.open(f"{mirror.url}/{path}", timeout=PATIENCE) as answer:
        return bytes(answer.read())

"""Where this machine gets Debian from: DEBIAN_MIRROR, else the apt source that is Debian's own archive."""

from __future__ import annotations

import calendar
import lzma
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Optional

from tools.airgap.progress import say
from tools.airgap.refusals import Refusal

SUITES = ("forky", "sid")
"""Where Debian keeps a current Bazel, the steadier first."""

APT_LISTS = "/var/lib/apt/lists"
SOURCES_LIST = "/etc/apt/sources.list"
SOURCES_FOLDER = "/etc/apt/sources.list.d"

PATIENCE = 20
"""Seconds that a mirror may take to answer."""


class Source(NamedTuple):
    """One archive and suite of the machine's apt configuration."""

    url: str
    suite: str


class Mirror(NamedTuple):
    """An archive with Debian's layout, and the proxy that apt is told to use for it."""

    url: str
    proxy: Optional[str] = None


class Offer(NamedTuple):
    """What a mirror has of Bazel."""

    suite: str
    version: str
    expired: str
    """The Valid-Until of a Release that is past it, else empty."""


def debian_mirror(env: Mapping[str, str]) -> Mirror:
    """Return the mirror that this machine uses.

    Raises:
        Refusal: none is configured.
    """
    named = env.get("DEBIAN_MIRROR", "").rstrip("/")
    if named:
        return Mirror(named, proxy_for(named))
    for source in apt_sources():
        proxy = proxy_for(source.url)
        if is_debian(source, proxy):
            return Mirror(source.url, proxy)
    raise Refusal("no apt source of this machine is Debian's archive; set DEBIAN_MIRROR to the address of a mirror")


def apt_sources() -> list[Source]:
    """Return what the machine's .list and .sources files name, each once, in order."""
    found: list[Source] = []
    for path in source_files():
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        found.extend(parse_deb822(text) if path.endswith(".sources") else parse_list(text))
    return list(dict.fromkeys(found))


def source_files() -> list[str]:
    """Return the files that apt reads, in its order."""
    folder = SOURCES_FOLDER
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [SOURCES_LIST, *(os.path.join(folder, name) for name in names if name.endswith((".list", ".sources")))]
    return [path for path in paths if os.path.isfile(path)]


def parse_list(text: str) -> Iterator[Source]:
    """Yield the binary sources of a one-line-style file (sources.list(5))."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)", line)
        if match:
            yield from (Source(url, match[2]) for url in addresses(match[1]))


def parse_deb822(text: str) -> Iterator[Source]:
    """Yield the binary sources of a deb822-style file (sources.list(5))."""
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields = {
            name.lower(): value.split()
            for name, value in re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        }
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"])[0].lower() not in ("no", "false"):
            uris = [url for uri in fields.get("uris", []) for url in addresses(uri)]
            yield from (Source(url, suite) for url in uris for suite in fields.get("suites", []))


def addresses(uri: str) -> list[str]:
    """Return the web addresses that an apt URI stands for; other kinds (cdrom, file) have none."""
    if uri.startswith("mirror+file:"):
        with open(uri[len("mirror+file:") :], encoding="utf-8") as file:
            return [url for line in file for word in line.split()[:1] for url in addresses(word)]
    return [uri.rstrip("/")] if uri.startswith(("http://", "https://")) else []


def is_debian(source: Source, proxy: Optional[str]) -> bool:
    """Tell whether the source's Release says that it is Debian's archive (and not its security archive)."""
    release = known_release(source)
    if release is None:
        try:
            release = fetch(f"{source.url}/dists/{source.suite}/InRelease", proxy).decode(errors="replace")
        except OSError:
            return False
    return field(release, "Origin") == "Debian" and field(release, "Label") == "Debian"


def known_release(source: Source) -> Optional[str]:
    """Return the Release that apt has fetched of the source, if it has."""
    stem = re.sub(r"^https?://", "", source.url).replace("_", "%5f").replace("/", "_")
    for name in ("InRelease", "Release"):
        path = os.path.join(APT_LISTS, f"{stem}_dists_{source.suite.replace('/', '_')}_{name}")
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
    return None


def field(text: str, name: str) -> str:
    """Return the value of a field of a Release or a stanza, or an empty string."""
    match = re.search(rf"^{name}: *(.*)$", text, re.MULTILINE)
    return match[1].strip() if match else ""


def proxy_for(url: str) -> Optional[str]:
    """Return the proxy that apt is configured to use for the address (apt.conf(5)); the environment's goes without saying."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/")[0].rsplit("@")[-1].split(":")[0]
    try:
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return None
    settings = dict(re.findall(r'^(\S+) "(.*)";$', dump, re.MULTILINE))
    settings = {name.lower(): value for name, value in settings.items()}
    kinds = [scheme, "http"] if scheme == "https" else [scheme]
    names = [f"acquire::{kind}::proxy{part}" for kind in kinds for part in (f"::{host}", "")]
    value = next((settings[name] for name in names if settings.get(name)), None)
    return None if value is None or value.upper() == "DIRECT" else value


def best_offer(mirror: Mirror, series: str) -> Offer:
    """Return the first suite with a Bazel of the series (`7.7.`), else the first with any.

    Raises:
        Refusal: the mirror does not answer or has no Bazel.
    """
    offers = []
    for suite in SUITES:
        offer = look_up(mirror, suite)
        if offer and offer.version.startswith(series):
            return offer
        offers.extend([offer] if offer else [])
    if not offers:
        raise Refusal(f"{without_password(mirror.url)} has no bazel-bootstrap in {' or '.join(SUITES)}")
    return offers[0]


def look_up(mirror: Mirror, suite: str) -> Optional[Offer]:
    """Return what the suite has of Bazel, or None."""
    base = f"{mirror.url}/dists/{suite}"
    try:
        release = fetch(f"{base}/InRelease", mirror.proxy).decode(errors="replace")
        packages = lzma.decompress(fetch(f"{base}/main/binary-{architecture()}/Packages.xz", mirror.proxy))
    except urllib.error.HTTPError as error:
        say(f"{without_password(error.url)}: {error.code} {error.reason}")
        return None
    except OSError as error:
        cause = getattr(error, "reason", error)
        raise Refusal(f"the Debian mirror {without_password(mirror.url)} does not answer: {cause}") from None
    stanza = re.search(rb"^Package: bazel-bootstrap\n(?:.+\n)*", packages, re.MULTILINE)
    if not stanza:
        return None
    return Offer(suite, field(stanza[0].decode(), "Version"), expiry(release))


def expiry(release: str) -> str:
    """Return the Valid-Until of the Release if it is past, else an empty string."""
    until = field(release, "Valid-Until")
    if not until:
        return ""
    stamp = calendar.timegm(time.strptime(until.replace("UTC", "").replace("GMT", "").strip(), "%a, %d %b %Y %H:%M:%S"))
    return until if stamp < time.time() else ""


def architecture() -> str:
    """Return Debian's name of this machine's processor."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def fetch(url: str, proxy: Optional[str]) -> bytes:
    """Return the body at the address.

    Raises:
        OSError: it cannot be had.
    """
    handlers = [urllib.request.ProxyHandler({"http": proxy, "https": proxy})] if proxy else []
    with urllib.request.build_opener(*handlers).open(url, timeout=PATIENCE) as answer:
        return bytes(answer.read())


def without_password(url: str) -> str:
    """Return the address as it may be shown."""
    return re.sub(r"://[^/@]*@", "://", url)

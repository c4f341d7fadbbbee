"""The apt configuration of this machine: its sources, fetched Release files and proxies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

LISTS = "/var/lib/apt/lists"
SOURCES_LIST = "/etc/apt/sources.list"
SOURCES_FOLDER = "/etc/apt/sources.list.d"


class Source(NamedTuple):
    """One archive and suite of the machine's apt configuration."""

    url: str
    suite: str


def sources() -> list[Source]:
    """Return the sources in the machine's .list and .sources files, in order and without duplicates."""
    found: list[Source] = []
    for path in source_files():
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        found.extend(parse_deb822(text) if path.endswith(".sources") else parse_list(text))
    return list(dict.fromkeys(found))


def source_files() -> list[str]:
    """Return the files that apt reads, in its order."""
    names = sorted(os.listdir(SOURCES_FOLDER)) if os.path.isdir(SOURCES_FOLDER) else []
    read = [name for name in names if name.endswith((".list", ".sources"))]
    paths = [SOURCES_LIST, *(os.path.join(SOURCES_FOLDER, name) for name in read)]
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
        fields = re.findall(r"^([\w-]+):(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        words = {name.lower(): value.split() for name, value in fields}
        off = words.get("enabled", ["yes"])[0].lower() in {"no", "false"}
        if "deb" in words.get("types", []) and not off:
            urls = [url for uri in words.get("uris", []) for url in addresses(uri)]
            yield from (Source(url, suite) for url in urls for suite in words.get("suites", []))


def addresses(uri: str) -> list[str]:
    """Return the web addresses of an apt URI; other kinds (cdrom, file) have none."""
    if uri.startswith("mirror+file:"):
        with open(uri[len("mirror+file:") :], encoding="utf-8") as file:
            return [url for line in file for word in line.split()[:1] for url in addresses(word)]
    return [uri.rstrip("/")] if uri.startswith(("http://", "https://")) else []


def known_release(source: Source) -> str | None:
    """Return the Release of the source that apt has fetched, or None."""
    address = re.sub(r"^https?://", "", f"{source.url}/dists/{source.suite}")
    stem = address.replace("_", "%5f").replace("/", "_")
    for name in ("InRelease", "Release"):
        path = os.path.join(LISTS, f"{stem}_{name}")
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
    return None


def field(text: str, name: str) -> str:
    """Return the value of a field of a Release or a stanza, or an empty string."""
    match = re.search(rf"^{name}: *(.*)$", text, re.MULTILINE)
    return match[1].strip() if match else ""


def proxy_for(url: str) -> str | None:
    """Return the proxy that apt is configured to use for the address (apt.conf(5)), if any."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/")[0].rsplit("@")[-1].split(":")[0]
    settings = configuration()
    kinds = ["https", "http"] if scheme == "https" else [scheme]
    names = [f"acquire::{kind}::proxy{part}" for kind in kinds for part in (f"::{host}", "")]
    value = next((settings[name] for name in names if settings.get(name)), "DIRECT")
    return None if value.upper() == "DIRECT" else value


def configuration() -> dict[str, str]:
    """Return apt's settings, with names in lower case; empty without apt."""
    import subprocess

    command = ["apt-config", "dump"]
    try:
        dump = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return {}
    found = re.findall(r'^(\S+) "(.*)";$', dump, re.MULTILINE)
    return {name.lower(): value for name, value in found}

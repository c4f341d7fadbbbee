"""Check that all packages of a Debian lock are still at the locked paths."""

import http
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tools.locks.findings import Finding
from tools.oci.debian.mirrors import addresses

_TIMEOUT_SECONDS = 60
_AT_ONCE = 8


def findings(lock: str, text: str, *, environ: Mapping[str, str]) -> list[Finding]:
    """Ask the mirrors, then the snapshot archive, for every package of a lock and for its fallback."""
    document = json.loads(text)
    entries = [(architecture, entry) for architecture, found in document["packages"].items() for entry in found]

    def can_be_had(entry: Mapping[str, Any]) -> bool:
        places = addresses(entry.get("archive", "debian"), environ, moment=document["snapshot"])
        return any(_is_there(f"{place}/{entry['path']}") for place in places)

    def ask(item: tuple[str, Mapping[str, Any]]) -> Finding | None:
        architecture, entry = item
        if can_be_had(entry):
            return None
        complaint = f"{entry['path']} is on no configured mirror and not in the snapshot archive"
        if "fallback" in entry:
            older = entry["fallback"]
            here = can_be_had(older)
            complaint += f"; builds use {older['version']}" if here else f", nor is its fallback {older['path']}"
        return Finding(lock=lock, name=f"{entry['name']} {entry['version']} ({architecture})", complaint=complaint)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sorted(finding for finding in pool.map(ask, entries) if finding)


def _is_there(url: str) -> bool:
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the scheme is apt's
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == http.HTTPStatus.OK)
    except OSError:
        return False

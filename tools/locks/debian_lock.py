"""Are all packages of a Debian lock still where the lock says?"""

import http
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tools.locks.findings import Finding

_TIMEOUT_SECONDS = 60
_AT_ONCE = 8


def findings(lock: str, text: str, *, mirrors: Sequence[str]) -> list[Finding]:
    """Ask the mirrors for every package of a lock."""
    document = json.loads(text)
    entries = [(architecture, entry) for architecture, found in document["packages"].items() for entry in found]

    def ask(item: tuple[str, dict[str, str]]) -> Finding | None:
        architecture, entry = item
        if any(_is_there(url) for url in _places(entry, mirrors)):
            return None
        name = f"{entry['name']} {entry['version']} ({architecture})"
        return Finding(lock=lock, name=name, complaint=f"{entry['path']} is on no mirror that this machine knows")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sorted(finding for finding in pool.map(ask, entries) if finding)


def _places(entry: dict[str, str], mirrors: Sequence[str]) -> Iterator[str]:
    archive = entry.get("archive", "debian")
    for mirror in mirrors:
        base = mirror if archive == "debian" else f"{mirror.removesuffix('/debian')}/{archive}"
        yield f"{base}/{entry['path']}"


def _is_there(url: str) -> bool:
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the scheme is apt's
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == http.HTTPStatus.OK)
    except OSError:
        return False

"""Checks that all files of a Python lock are still on the index and not yanked."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tools.locks.findings import Finding
from tools.requirements.lockfile import Pin, read_lock

_SIMPLE = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_SECONDS = 60
_AT_ONCE = 8


def findings(lock: str, text: str, *, index: str) -> list[Finding]:
    """Ask the index for every distribution of a lock (PEP 691, PEP 592)."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(lambda pin: list(_of(lock, pin, index)), read_lock(text).values())
    return sorted(finding for answer in answers for finding in answer)


def _of(lock: str, pin: Pin, index: str) -> Iterator[Finding]:
    name = f"{pin.name} {pin.version}"
    try:
        files = _files(f"{index}/{pin.name}/")
    except (OSError, ValueError) as error:
        yield Finding(lock=lock, name=name, complaint=f"the index has no answer: {error}")
        return
    offered = {file["hashes"].get("sha256"): file for file in files}
    missing = pin.hashes - offered.keys()
    if missing:
        yield Finding(lock=lock, name=name, complaint=f"{len(missing)} of {len(pin.hashes)} files are gone")
    withdrawn = [offered[digest] for digest in pin.hashes & offered.keys() if offered[digest].get("yanked")]
    if withdrawn:
        reason = withdrawn[0]["yanked"]
        yield Finding(
            lock=lock, name=name, complaint=f"yanked: {reason if isinstance(reason, str) else 'no reason given'}"
        )


def _files(url: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(url, headers={"Accept": _SIMPLE})  # noqa: S310 - the scheme is pip's
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
        return list(json.load(answer)["files"])

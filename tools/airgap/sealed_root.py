"""The sealed root on disk: found by its key, or made under a lock and renamed into place."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator

from tools.airgap.places import Places
from tools.airgap.refusals import Refusal

INGREDIENTS = ("bazel_version", "bootstrap.py", "packages.txt", "trimmed.txt")
"""The files that decide what a sealed root holds."""

UNUSED_DAYS = 14
"""How long a root with another key is kept for other branches and checkouts."""


def key(airgap: str) -> str:
    """Name the root that these ingredients make."""
    digest = hashlib.sha256()
    for name in INGREDIENTS:
        with open(os.path.join(airgap, name), "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()[:16]


def ensure(places: Places) -> str:
    """Return the folder of the sealed root, made now if it is missing.

    Raises:
        Refusal: this machine cannot have one.
    """
    root = os.path.join(places.sealed, key(places.airgap))
    if not os.path.isdir(root):
        os.makedirs(places.sealed, exist_ok=True)
        with locked(places.sealed) as lock:
            if not os.path.isdir(root):
                make(root, places, lock)
    os.utime(root)
    return root


def make(root: str, places: Places, lock: int) -> None:
    """Make the root beside its place and rename it: it is there whole or not at all."""
    from tools.airgap import bootstrap, drift

    clear_leftovers(places.sealed)
    part = f"{root}.part"
    try:
        version = bootstrap.build(part, places, lock)
        drift.judge(part, version, places)
        os.rename(part, root)
    except OSError as error:
        raise Refusal(f"cannot make the sealed root in {places.sealed}: {error.strerror}") from error
    finally:
        remove(part)
    remove_unused(places.sealed, keep=root)


@contextlib.contextmanager
def locked(folder: str) -> Iterator[int]:
    """Hold the folder's lock, saying so when another bazelw has it first."""
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            from tools.airgap.progress import say

            say("waiting for another bazelw, which is making the sealed root")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def clear_leftovers(folder: str) -> None:
    """Remove what a killed bazelw left; only the holder of the lock calls this."""
    for name in os.listdir(folder):
        if name.endswith((".part", ".old")):
            remove(os.path.join(folder, name))


def remove_unused(folder: str, *, keep: str) -> None:
    """Remove roots of other keys that nobody entered for two weeks."""
    for name in os.listdir(folder):
        root = os.path.join(folder, name)
        idle = time.time() - os.stat(root).st_mtime
        if os.path.isdir(root) and root != keep and idle > UNUSED_DAYS * 86400:
            os.rename(root, f"{root}.old")
            remove(f"{root}.old")


def remove(folder: str) -> None:
    """Remove a folder tree, also where package files are read-only to their owner."""

    def retry(function: object, path: str, error: object) -> None:
        del function, error
        os.chmod(os.path.dirname(path), 0o700)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    if os.path.isdir(folder):
        shutil.rmtree(folder, onerror=retry)

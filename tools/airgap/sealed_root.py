"""The sealed root on disk: found by its key, or created under a lock and renamed into place."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator

from tools.airgap.errors import AirgapError
from tools.airgap.paths import Paths

INGREDIENTS = ("bazel_version", "bootstrap.py", "packages.txt", "trimmed.txt")
"""The files that determine the content of a sealed root."""

UNUSED_DAYS = 14
"""Days that an unused root with another key is kept for other branches and checkouts."""


def key(airgap: str) -> str:
    """Return the hash of the files in INGREDIENTS, which names the root."""
    digest = hashlib.sha256()
    for name in INGREDIENTS:
        with open(os.path.join(airgap, name), "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()[:16]


def ensure(paths: Paths) -> str:
    """Return the folder of the sealed root, creating it if it is missing.

    Raises:
        AirgapError: It cannot be created on this machine.
    """
    root = os.path.join(paths.sealed, key(paths.airgap))
    if not os.path.isdir(root):
        os.makedirs(paths.sealed, exist_ok=True)
        with locked(paths.sealed) as lock:
            if not os.path.isdir(root):
                make(root, paths, lock)
    os.utime(root)
    return root


def make(root: str, paths: Paths, lock: int) -> None:
    """Create the root in a temporary folder and rename it, so that it is complete or absent."""
    from tools.airgap import bootstrap, version_check

    clear_leftovers(paths.sealed)
    part = f"{root}.part"
    try:
        version = bootstrap.build(part, paths, lock)
        version_check.check_version(part, version, paths)
        os.rename(part, root)
    except OSError as error:
        raise AirgapError(f"cannot make the sealed root in {paths.sealed}: {error.strerror}") from error
    finally:
        remove(part)
    remove_unused(paths.sealed, keep=root)


@contextlib.contextmanager
def locked(folder: str) -> Iterator[int]:
    """Hold the folder's lock; print a line if another bazelw holds it already."""
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            from tools.airgap.progress import say

            say("waiting for another bazelw, which is making the sealed root")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def clear_leftovers(folder: str) -> None:
    """Remove what a killed bazelw left; call this with the lock held."""
    for name in os.listdir(folder):
        if name.endswith((".part", ".old")):
            remove(os.path.join(folder, name))


def remove_unused(folder: str, *, keep: str) -> None:
    """Remove roots with other keys that were not entered for UNUSED_DAYS days."""
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

"""Paths of the checkout and of the cache on this machine."""

from __future__ import annotations

import os
from typing import NamedTuple


class Paths(NamedTuple):
    """The checkout and the cache, and the paths derived from them."""

    repository: str
    """The checkout that contains bazelw."""
    cache: str
    """The folder that bazelw and Bazel write to; it can be deleted at any time."""

    @property
    def airgap(self) -> str:
        """The folder tools/airgap."""
        return os.path.join(self.repository, "tools", "airgap")

    @property
    def sealed(self) -> str:
        """The sealed roots, one folder per key."""
        return os.path.join(self.cache, "sealed")

    @property
    def settings(self) -> str:
        """Small files generated for this machine and user and mounted over those of a sealed root."""
        return os.path.join(self.cache, "etc")

    @property
    def bazel(self) -> str:
        """Bazel's output user root: output bases, repository cache, install base."""
        return os.path.join(self.cache, "bazel")


def write_private(path: str, text: str) -> str:
    """Write the text to the file atomically, unless it has that text already, and return the path.

    The mode is 0600, because addresses may hold passwords.
    """
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return path
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    part = f"{path}.{os.getpid()}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(part, path)
    return path

"""Where things are on this machine."""

from __future__ import annotations

import os
from typing import NamedTuple


class Places(NamedTuple):
    """The two folders that everything else follows from."""

    repository: str
    """The checkout that bazelw lies in."""
    cache: str
    """The folder that bazelw and Bazel may fill; deleting it loses nothing but time."""

    @property
    def airgap(self) -> str:
        """This folder, with the lists and the rc file beside the modules."""
        return os.path.join(self.repository, "tools", "airgap")

    @property
    def sealed(self) -> str:
        """The sealed roots, one folder a key."""
        return os.path.join(self.cache, "sealed")

    @property
    def settings(self) -> str:
        """Small files made for this machine and user, laid over those of a sealed root."""
        return os.path.join(self.cache, "etc")

    @property
    def bazel(self) -> str:
        """Bazel's output user root: output bases, repository cache, install base."""
        return os.path.join(self.cache, "bazel")


def written(path: str, text: str) -> str:
    """Return the path of a file with the text, replaced whole and only if it holds another.

    It is for its owner's eyes: addresses may hold passwords.
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

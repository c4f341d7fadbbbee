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
    def bazel(self) -> str:
        """Bazel's output user root: output bases, repository cache, install base."""
        return os.path.join(self.cache, "bazel")

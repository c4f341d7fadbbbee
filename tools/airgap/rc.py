"""The rc file that Bazel in the sealed root reads before the workspace's rc file.

All callers get the same options, and therefore share one Bazel server.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from tools.airgap.bind_mounts import TEMPORARY
from tools.airgap.paths import Paths

TARGET = "/etc/bazel/bazelrc"
"""Where Debian's Bazel looks for the rc file of the system."""


def text(paths: Paths, addresses: Mapping[str, str], *, mark: str) -> str:
    """Return the rc file.

    Args:
        paths: the checkout whose tools/airgap/airgap.bazelrc is included.
        addresses: variables that repository rules see.
        mark: a value that changes when the server must be restarted, because it keeps the mounts of its first caller.
    """
    startup = [
        "--install_base=/usr/share/bazel",
        "--trust_install_base",
        f"--output_user_root={paths.bazel}",
        f"--host_jvm_args=-Dbazelw.mounts={mark}",
    ]
    lines = [f"startup {quoted(option)}" for option in startup]
    lines += [f"common {quoted(f'--repo_env={name}={value}')}" for name, value in sorted(addresses.items())]
    with open(os.path.join(paths.airgap, "airgap.bazelrc"), encoding="utf-8") as file:
        # Use the checkout's path: in a nested workspace, Bazel replaces %workspace% by the nested one.
        lines.append(file.read().replace("%workspace%", quoted(paths.repository)))
    if paths.repository.startswith(f"{TEMPORARY}/"):
        # A sandbox hides /tmp except for the workspace's own files, but nested workspaces use the checkout's modules.
        modules = os.path.join(paths.airgap, "modules")
        lines.append(f"build {quoted(f'--sandbox_add_mount_pair={modules}')}")
    return "\n".join(lines)


def quoted(word: str) -> str:
    """Escape a word so that Bazel does not split it."""
    return re.sub(r"([\s\"'\\#])", r"\\\1", word)

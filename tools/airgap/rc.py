"""The rc file that Bazel reads inside before the workspace's own: one Bazel, whoever calls it."""

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
        paths: the checkout whose tools/airgap/airgap.bazelrc is taken in.
        addresses: variables that repository rules see.
        mark: changes when the server must be started anew, since it sees what its first caller saw.
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
        # Named outright: in a nested workspace, %workspace% would be that one.
        lines.append(file.read().replace("%workspace%", quoted(paths.repository)))
    if paths.repository.startswith(f"{TEMPORARY}/"):
        # Of /tmp a sandbox shows nothing but the workspace's own, and a nested workspace takes our modules.
        modules = os.path.join(paths.airgap, "modules")
        lines.append(f"build {quoted(f'--sandbox_add_mount_pair={modules}')}")
    return "\n".join(lines)


def quoted(word: str) -> str:
    """Return the word so that Bazel reads it as one."""
    return re.sub(r"([\s\"'\\#])", r"\\\1", word)

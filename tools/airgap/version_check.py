"""Check of a sealed root whose Bazel is not of the release series that this repository is written for."""

from __future__ import annotations

from tools.airgap import bootstrap, enter
from tools.airgap.errors import AirgapError
from tools.airgap.paths import Paths
from tools.airgap.progress import say

SELF_TEST = ["sh", "-c", "exec bazel --batch test //tools/airgap:self_test >&2"]
"""Its output goes to stderr, because stdout belongs to the command that the caller typed."""


def check_version(root: str, version: str, paths: Paths) -> None:
    """Accept a root with another Bazel only if the self-test passes in it.

    Raises:
        AirgapError: The self-test fails.
    """
    wanted = bootstrap.series(paths) + "*"
    if version.startswith(bootstrap.series(paths)):
        return
    say(f"the mirror has Bazel {version}, this repository needs {wanted}: trying it")
    if enter.run_inside(root, paths, SELF_TEST) != 0:
        raise AirgapError(f"Bazel {version} fails the self-test; set DEBIAN_MIRROR to an archive with {wanted}")
    say(f"using Bazel {version} in place of {wanted}, since it passes the self-test")

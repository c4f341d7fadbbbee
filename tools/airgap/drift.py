"""What happens when Debian no longer has the Bazel that this repository is written for."""

from __future__ import annotations

from tools.airgap import bootstrap, enter
from tools.airgap.places import Places
from tools.airgap.progress import say
from tools.airgap.refusals import Refusal

SELF_TEST = ["sh", "-c", "exec bazel --batch test //tools/airgap:self_test >&2"]
"""On stderr: stdout belongs to the command that the caller typed."""


def judge(root: str, version: str, places: Places) -> None:
    """Let a root with another Bazel pass if the self-test passes in it.

    Raises:
        Refusal: it does not.
    """
    wanted = bootstrap.series(places) + "*"
    if version.startswith(bootstrap.series(places)):
        return
    say(f"the mirror has Bazel {version}, this repository wants {wanted}: trying it")
    if enter.run_inside(root, places, SELF_TEST) != 0:
        raise Refusal(f"Bazel {version} fails the self-test; set DEBIAN_MIRROR to an archive with {wanted}")
    say(f"using Bazel {version} in place of {wanted}, since it passes the self-test")

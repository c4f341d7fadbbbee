"""What happens when Debian no longer has the Bazel that this repository is written for."""

from __future__ import annotations

from tools.airgap import bootstrap
from tools.airgap.places import Places
from tools.airgap.progress import say
from tools.airgap.refusals import Refusal


def judge(root: str, version: str, places: Places) -> None:
    """Let a root with another Bazel pass if the self-test passes in it.

    Raises:
        Refusal: it does not.
    """
    series = bootstrap.series(places)
    if version.startswith(series):
        return
    from tools.airgap import enter

    say(f"the mirror has Bazel {version} instead of {series}*; trying it")
    if enter.run_inside(root, places, ["bazel", "--batch", "test", "//tools/airgap:self_test"]) != 0:
        raise Refusal(f"Bazel {version} fails the self-test and {series}* cannot be had; point DEBIAN_MIRROR at an archive that has it")
    say(f"using Bazel {version} instead of {series}*: the self-test passes")

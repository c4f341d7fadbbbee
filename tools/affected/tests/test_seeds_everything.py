"""Files that every target hangs on."""

import pytest

from tools.affected.tests.conftest import BELOW_LIB, Answers, Workspace


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".bazelrc", "options of Bazel changed"),
        ("ci/ci.bazelrc", "options of Bazel changed"),
        (".bazelversion", "the version of Bazel changed"),
        ("bazelw", "how Bazel is started changed"),
        ("MODULE.bazel", "modules or repositories changed"),
        ("base/extension.bzl", "MODULE.bazel makes repositories with it"),
        ("base/versions.bzl", "MODULE.bazel makes repositories with it"),
        ("tools/airgap/rc.py", "the air-gapped mode's Bazel or rule sets changed"),
    ],
)
def test_what_everything_hangs_on(workspace: Workspace, affected_by: Answers, path: str, reason: str) -> None:
    """The reason is given, and every target of this repository is listed."""
    workspace.write(path, "x = 2\n")
    document = affected_by.document()
    assert document["scope"] == "all"
    assert {"path": path, "scope": "all", "reason": reason}.items() <= document["reasons"][0].items()
    assert len(document["targets"]) == len(BELOW_LIB) + 1


def test_link_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """A symbolic link may stand for many files."""
    (workspace.folder / "link").symlink_to("lib")
    workspace.git("add", "link")
    assert affected_by.scope() == "all"

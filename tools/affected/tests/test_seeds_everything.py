"""Files that every target hangs on."""

import pathlib

import pytest

from tools.affected.tests.conftest import BELOW_LIB, MODULE, Answers, Workspace


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".bazelrc", "options of Bazel changed"),
        ("ci/ci.bazelrc", "options of Bazel changed"),
        (".bazelversion", "the version of Bazel changed"),
        ("bazelw", "how Bazel is started changed"),
        ("WORKSPACE", "repositories or their bounds changed"),
        ("base/extension.bzl", "MODULE.bazel makes repositories with it"),
        ("base/versions.bzl", "MODULE.bazel makes repositories with it"),
        ("lib/.gitattributes", "what git writes for a file changed"),
        ("ci/status.sh", ".bazelrc names it, or a folder it is in"),
        ("toy/src/toy.py", "MODULE.bazel names it, or a folder it is in"),
        ("tools/airgap/rc.py", "the air-gapped mode's Bazel or rule sets changed"),
    ],
)
def test_what_everything_hangs_on(workspace: Workspace, affected_by: Answers, path: str, reason: str) -> None:
    """The reason is given, and every target of this repository is listed."""
    workspace.write(".bazelrc", "build --workspace_status_command=%workspace%/ci/status.sh\n")
    workspace.write("MODULE.bazel", MODULE + 'local_path_override(module_name = "toy", path = "./toy")\n')
    workspace.commit()
    workspace.write(path, "x = 2\n")
    document = affected_by.document()
    assert document["scope"] == "all"
    assert {"path": path, "scope": "all", "reason": reason}.items() <= document["reasons"][0].items()
    assert len(document["targets"]) == len(BELOW_LIB) + 1


@pytest.mark.parametrize("path", ["base/extension.bzl", "base/versions.bzl"])
def test_other_words_for_what_makes_repositories(workspace: Workspace, affected_by: Answers, path: str) -> None:
    """A comment in an extension makes the same repositories."""
    workspace.write(path, "# Why.\n" + (workspace.folder / path).read_text())
    assert affected_by.scope() == "none"


def test_link_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """A symbolic link may stand for many files."""
    (workspace.folder / "link").symlink_to("lib")
    workspace.git("add", "link")
    assert affected_by.scope() == "all"


def test_link_that_git_does_not_know_yet_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """It is as much of a link as one that was added, but for those that Bazel makes."""
    (workspace.folder / "bazel-bin").symlink_to("/nowhere")
    assert affected_by.scope() == "none"
    (workspace.folder / "link").symlink_to("lib")
    assert affected_by.scope() == "all"


@pytest.mark.parametrize("end", ["lib", "lib/BUILD.bazel", "lib/rules.bzl"])
def test_definition_behind_a_link_is_everything(workspace: Workspace, affected_by: Answers, end: str) -> None:
    """A package that is seen at two places is changed at both; only one of them is known."""
    workspace.write("lib/rules.bzl", "x = 1\n")
    workspace.write("other/x.txt", "x\n")
    link = workspace.folder / "other" / pathlib.PurePath(end).name
    link.unlink(missing_ok=True)
    link.symlink_to(pathlib.Path("..", end))
    workspace.commit()
    workspace.write("lib/rules.bzl" if end.endswith("bzl") else "lib/BUILD.bazel", "x = 2\n")
    assert affected_by.scope() == "all"


def test_link_to_itself_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """Names without end are nobody's to list."""
    (workspace.folder / "lib/loop").symlink_to(".")
    workspace.commit()
    workspace.write("lib/lib.py", "second\n")
    assert affected_by.scope() == "all"


def test_repository_inside_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """Git does not look into a repository that is no submodule, and Bazel does."""
    workspace.git("init", "--quiet", "other/inner")
    workspace.write("other/inner/x.txt", "x\n")
    assert affected_by.scope() == "all"

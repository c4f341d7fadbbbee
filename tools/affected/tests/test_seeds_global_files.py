"""Files that affect every target, through the command line."""

import pathlib

import pytest

from tools.affected.tests.conftest import BELOW_LIB, MODULE, CommandLine, Workspace


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".bazelrc", "options of Bazel changed"),
        ("ci/ci.bazelrc", "options of Bazel changed"),
        (".bazelversion", "the version of Bazel changed"),
        ("bazelw", "the launcher of Bazel changed"),
        ("WORKSPACE", "external repositories or their boundaries changed"),
        ("base/extension.bzl", "MODULE.bazel creates repositories from it"),
        ("base/versions.bzl", "MODULE.bazel creates repositories from it"),
        ("lib/.gitattributes", "the files that git checks out may have changed"),
        ("ci/status.sh", ".bazelrc names it or a folder above it"),
        ("toy/src/toy.py", "MODULE.bazel names it or a folder above it"),
        ("tools/airgap/rc.py", "the air-gapped mode's Bazel or rule sets changed"),
    ],
)
def test_file_affects_everything(workspace: Workspace, affected_by: CommandLine, path: str, reason: str) -> None:
    """Every target of this repository is listed, and the reason is printed."""
    workspace.write(".bazelrc", "build --workspace_status_command=%workspace%/ci/status.sh\n")
    workspace.write("MODULE.bazel", MODULE + 'local_path_override(module_name = "toy", path = "./toy")\n')
    workspace.commit()
    workspace.write(path, "x = 2\n")
    document = affected_by.document()
    assert document["scope"] == "all"
    assert {"path": path, "scope": "all", "reason": reason}.items() <= document["reasons"][0].items()
    assert len(document["targets"]) == len(BELOW_LIB) + 1


@pytest.mark.parametrize("path", ["base/extension.bzl", "base/versions.bzl"])
def test_comment_in_a_module_extension(workspace: Workspace, affected_by: CommandLine, path: str) -> None:
    """A comment in a module extension affects nothing."""
    workspace.write(path, "# Why.\n" + (workspace.folder / path).read_text())
    assert affected_by.scope() == "none"


def test_symlink_affects_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """A symbolic link may stand for any number of files."""
    (workspace.folder / "link").symlink_to("lib")
    workspace.git("add", "link")
    assert affected_by.scope() == "all"


def test_untracked_symlink_affects_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """An untracked symbolic link affects everything, unless Bazel created it."""
    (workspace.folder / "bazel-bin").symlink_to("/nowhere")
    assert affected_by.scope() == "none"
    (workspace.folder / "link").symlink_to("lib")
    assert affected_by.scope() == "all"


@pytest.mark.parametrize("end", ["lib", "lib/BUILD.bazel", "lib/rules.bzl"])
def test_definition_behind_a_symlink_affects_everything(
    workspace: Workspace, affected_by: CommandLine, end: str
) -> None:
    """A changed file that a symbolic link makes a BUILD or Starlark file of another package affects everything."""
    workspace.write("lib/rules.bzl", "x = 1\n")
    workspace.write("other/x.txt", "x\n")
    link = workspace.folder / "other" / pathlib.PurePath(end).name
    link.unlink(missing_ok=True)
    link.symlink_to(pathlib.Path("..", end))
    workspace.commit()
    workspace.write("lib/rules.bzl" if end.endswith("bzl") else "lib/BUILD.bazel", "x = 2\n")
    assert affected_by.scope() == "all"


def test_recursive_symlink_affects_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """A link to a folder that contains it gives each file an infinite number of paths."""
    (workspace.folder / "lib/loop").symlink_to(".")
    workspace.commit()
    workspace.write("lib/lib.py", "second\n")
    assert affected_by.scope() == "all"


def test_nested_repository_affects_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """Git does not list the files of a nested repository that is no submodule, and Bazel loads them."""
    workspace.git("init", "--quiet", "other/inner")
    workspace.write("other/inner/x.txt", "x\n")
    assert affected_by.scope() == "all"

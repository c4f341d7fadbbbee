"""Changes of source files, through the command line."""

from tools.affected.tests.conftest import BELOW_LIB, CommandLine, Workspace


def test_source_affects_reverse_dependencies(workspace: Workspace, affected_by: CommandLine) -> None:
    """A source file of a library affects its reverse dependencies and no other targets."""
    workspace.write("lib/lib.py", "second\n")
    assert affected_by.labels() == BELOW_LIB | {"//svc:slow"}
    assert "lib/lib.py: is a source file" in affected_by.stderr


def test_unused_file(workspace: Workspace, affected_by: CommandLine) -> None:
    """A file that no target references affects nothing, whether it is new or changed."""
    workspace.write("README.md", "second\n")
    workspace.write("svc/notes with space.md", "first\n")
    assert affected_by.scope() == "none"
    assert "README.md: is used by no target" in affected_by.stderr


def test_file_in_a_folder_that_is_a_source(workspace: Workspace, affected_by: CommandLine) -> None:
    """A target that references a folder is affected by each file in it."""
    workspace.define("//other:other", inputs=["//other:data"])
    workspace.commit()
    workspace.write("other/data/deep/file.txt", "x")
    assert affected_by.labels() == {"//other:other"}


def test_folder_that_bazel_ignores(workspace: Workspace, affected_by: CommandLine) -> None:
    """Files in a folder of .bazelignore are in no package."""
    workspace.write(".bazelignore", "# Their own.\nfixtures\n")
    workspace.commit()
    workspace.write("fixtures/BUILD.bazel", "# x\n")
    workspace.write("fixtures/a.py", "x\n")
    assert affected_by.scope() == "none"


def test_file_behind_a_symlink(workspace: Workspace, affected_by: CommandLine) -> None:
    """A target that references a symbolic link is affected by its destination, also if the link is to a folder."""
    workspace.write("docs/table.txt", "first\n")
    (workspace.folder / "other/link.txt").symlink_to("../docs/table.txt")
    (workspace.folder / "svc/folder").symlink_to("../docs")
    workspace.define("//other:other", inputs=["//other:link.txt"])
    workspace.define("//svc:slow", inputs=["//svc:folder/table.txt"])
    workspace.commit()
    workspace.write("docs/table.txt", "second\n")
    assert affected_by.labels() == {"//other:other", "//svc:slow"}


def test_file_that_git_assumes_unchanged(workspace: Workspace, affected_by: CommandLine) -> None:
    """A file on disk is compared even if the index marks it as unchanged."""
    workspace.git("update-index", "--assume-unchanged", "lib/lib.py", "other/other.py")
    workspace.write("other/other.py", "second\n")
    assert affected_by.labels() == {"//other:other"}

"""Plain files."""

from tools.affected.tests.conftest import BELOW_LIB, Answers, Workspace


def test_source_reaches_what_depends_on_it(workspace: Workspace, affected_by: Answers) -> None:
    """A library's source touches its users and leaves the rest alone."""
    workspace.write("lib/lib.py", "second\n")
    assert affected_by.labels() == BELOW_LIB | {"//svc:slow"}
    assert "lib/lib.py: is a source file" in affected_by.talk


def test_file_of_nobody(workspace: Workspace, affected_by: Answers) -> None:
    """A document that no target takes touches nothing, new or old."""
    workspace.write("README.md", "second\n")
    workspace.write("svc/notes with space.md", "first\n")
    assert affected_by.scope() == "none"
    assert "README.md: belongs to no target" in affected_by.talk


def test_folder_of_files_owns_what_is_in_it(workspace: Workspace, affected_by: Answers) -> None:
    """A target may take a whole folder by its label."""
    workspace.define("//other:other", inputs=["//other:data"])
    workspace.commit()
    workspace.write("other/data/deep/file.txt", "x")
    assert affected_by.labels() == {"//other:other"}


def test_folder_that_bazel_ignores(workspace: Workspace, affected_by: Answers) -> None:
    """What lies under .bazelignore lies in no package."""
    workspace.write(".bazelignore", "# Their own.\nfixtures\n")
    workspace.commit()
    workspace.write("fixtures/BUILD.bazel", "# x\n")
    workspace.write("fixtures/a.py", "x\n")
    assert affected_by.scope() == "none"


def test_file_behind_a_link(workspace: Workspace, affected_by: Answers) -> None:
    """Who takes a link takes what it leads to, also where the link is one to a folder."""
    workspace.write("docs/table.txt", "first\n")
    (workspace.folder / "other/link.txt").symlink_to("../docs/table.txt")
    (workspace.folder / "svc/folder").symlink_to("../docs")
    workspace.define("//other:other", inputs=["//other:link.txt"])
    workspace.define("//svc:slow", inputs=["//svc:folder/table.txt"])
    workspace.commit()
    workspace.write("docs/table.txt", "second\n")
    assert affected_by.labels() == {"//other:other", "//svc:slow"}


def test_file_that_git_was_told_not_to_watch(workspace: Workspace, affected_by: Answers) -> None:
    """What is on disk counts, whatever the index was told to believe."""
    workspace.git("update-index", "--assume-unchanged", "lib/lib.py", "other/other.py")
    workspace.write("other/other.py", "second\n")
    assert affected_by.labels() == {"//other:other"}

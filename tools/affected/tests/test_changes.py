"""Changed paths, as git lists them."""

import pathlib
import subprocess

import pytest

from tools.affected.changes import Change, Kind, Range
from tools.affected.errors import AffectedError, BadRevisionError
from tools.affected.git import Repository
from tools.affected.tests.conftest import Workspace


def changes(workspace: Workspace, base: str = "HEAD", head: str = "worktree") -> dict[str, Kind]:
    """Return the changes of a range by path."""
    range_ = Range.resolve(Repository(workspace.folder), base=base, head=head)
    return {change.path: change.kind for change in range_.changes()}


def test_clean_tree_has_no_change(workspace: Workspace) -> None:
    """A clean working tree has no changes."""
    assert changes(workspace) == {}


def test_edits_on_disk_count(workspace: Workspace) -> None:
    """Unstaged, staged, new and deleted files are changes."""
    workspace.write("lib/lib.py", "second\n")
    workspace.write("svc/main.py", "second\n")
    workspace.git("add", "svc/main.py")
    workspace.write("lib/new.py", "first\n")
    (workspace.folder / "other/other.py").unlink()
    assert changes(workspace) == {
        "lib/lib.py": Kind.MODIFIED,
        "svc/main.py": Kind.MODIFIED,
        "lib/new.py": Kind.ADDED,
        "other/other.py": Kind.DELETED,
    }


def test_ignored_files_do_not_count(workspace: Workspace) -> None:
    """Files that git ignores are not changes."""
    workspace.write(".git/info/exclude", "*.log\n")
    workspace.write("lib/a.log", "x")
    assert changes(workspace) == {}


def test_rename_is_deletion_and_addition(workspace: Workspace) -> None:
    """A renamed file is a deletion and an addition."""
    workspace.git("mv", "lib/lib.py", "lib/moved.py")
    workspace.commit()
    expected = {"lib/lib.py": Kind.DELETED, "lib/moved.py": Kind.ADDED}
    assert changes(workspace, "HEAD~1", "HEAD") == expected


@pytest.mark.parametrize("name", ["two words.py", "qu'ote\".py", "tab\there.py", "line\nfeed.py", "ü.py", "-dash.py"])
def test_odd_names_survive(workspace: Workspace, name: str) -> None:
    """Names are neither quoted nor truncated nor taken for options."""
    workspace.write(f"lib/{name}", "x")
    assert changes(workspace) == {f"lib/{name}": Kind.ADDED}
    workspace.commit()
    assert changes(workspace, "HEAD~1", "HEAD") == {f"lib/{name}": Kind.ADDED}


def test_name_that_is_no_text_survives(workspace: Workspace) -> None:
    """A name that is not UTF-8 is decoded as the operating system expects it."""
    name = b"lib/\xff.py".decode(errors="surrogateescape")
    workspace.write(name, "x")
    assert changes(workspace) == {name: Kind.ADDED}


def test_mode_change_counts(workspace: Workspace) -> None:
    """A change of the executable bit is a change."""
    (workspace.folder / "lib/lib.py").chmod(0o755)
    assert changes(workspace) == {"lib/lib.py": Kind.MODIFIED}


def test_touched_file_does_not_count(workspace: Workspace) -> None:
    """A new modification time is no change."""
    (workspace.folder / "lib/lib.py").touch()
    assert changes(workspace) == {}


def test_links_and_submodules_are_special(workspace: Workspace, tmp_path: pathlib.Path) -> None:
    """Symbolic links and submodules are marked as such."""
    inner = Workspace.__new__(Workspace)
    inner.folder = tmp_path / "inner"
    inner.folder.mkdir()
    inner.git("init", "--quiet")
    inner.commit()
    workspace.git("submodule", "--quiet", "add", str(inner.folder), "vendored")
    (workspace.folder / "link").symlink_to("lib")
    workspace.commit()
    range_ = Range.resolve(Repository(workspace.folder), base="HEAD~1", head="HEAD")
    special = {change.path: change.special for change in range_.changes() if change.special}
    assert special == {"vendored": "submodule", "link": "symbolic link"}


def test_base_is_the_merge_base(workspace: Workspace) -> None:
    """Later commits of the other branch are not changes of this branch."""
    workspace.git("checkout", "--quiet", "-b", "branch")
    workspace.write("lib/lib.py", "mine\n")
    workspace.commit()
    workspace.git("checkout", "--quiet", "main")
    workspace.write("svc/main.py", "theirs\n")
    workspace.commit()
    assert changes(workspace, "main", "branch") == {"lib/lib.py": Kind.MODIFIED}


def test_workspace_below_the_repository_root(workspace: Workspace) -> None:
    """Paths are relative to the workspace; changes outside of it are left out."""
    workspace.write("lib/lib.py", "second\n")
    workspace.write("svc/main.py", "second\n")
    range_ = Range.resolve(Repository(workspace.folder / "lib"), base="HEAD", head="worktree")
    assert range_.changes() == [Change(path="lib.py", kind=Kind.MODIFIED)]
    assert range_.before("lib.py") == b"first\n"


def test_unknown_revision_is_one_sentence(workspace: Workspace) -> None:
    """The error names the unknown revision."""
    with pytest.raises(BadRevisionError, match="mian is not a revision of this repository"):
        changes(workspace, "mian")


def test_revision_that_looks_like_an_option(workspace: Workspace) -> None:
    """A revision that begins with a dash is not taken for an option."""
    with pytest.raises(BadRevisionError, match="--all is not a revision"):
        changes(workspace, "--all")


def test_shallow_clone_says_what_to_fetch(workspace: Workspace, tmp_path: pathlib.Path) -> None:
    """In a shallow clone the error says which command fetches the history."""
    workspace.commit()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", workspace.folder.as_uri(), str(clone)], check=True)
    with pytest.raises(BadRevisionError, match="HEAD~1 is not in this shallow clone: git fetch --deepen"):
        Range.resolve(Repository(clone), base="HEAD~1", head="worktree")


def test_folder_without_git(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder outside of a git repository is an error."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(AffectedError, match="is not a git repository with a commit"):
        Range.resolve(Repository(tmp_path), base="HEAD", head="worktree")


def test_missing_git_is_an_error(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """If git is not installed, the error says so."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AffectedError, match="git is not installed"):
        Repository(workspace.folder).commit("HEAD")


def test_export_does_not_change_the_checkout(workspace: Workspace, tmp_path: pathlib.Path) -> None:
    """A private copy is updated from one commit to the next; checkout, index and refs do not change."""
    first = workspace.git("rev-parse", "HEAD")
    workspace.git("mv", "lib/lib.py", "lib/moved.py")
    second = workspace.commit()
    workspace.write("lib/moved.py", "dirty\n")
    before = workspace.git("status", "--porcelain"), workspace.git("for-each-ref"), workspace.git("worktree", "list")
    copy = tmp_path / "copy" / "tree"
    repository = Repository(workspace.folder)
    repository.export(first, copy)
    assert (copy / "lib/lib.py").read_text() == "first\n"
    repository.export(second, copy)
    assert not (copy / "lib/lib.py").exists()
    assert (copy / "lib/moved.py").read_text() == "first\n"
    after = workspace.git("status", "--porcelain"), workspace.git("for-each-ref"), workspace.git("worktree", "list")
    assert after == before

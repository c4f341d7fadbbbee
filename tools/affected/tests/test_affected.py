"""The command line, from a change in a git repository to what is printed."""

import pathlib
import shutil

import pytest

from tools.affected.errors import BazelFailedError
from tools.affected.tests.conftest import LOCK, MODULE, RULE, Answers, Workspace


def test_nothing_changed(affected_by: Answers) -> None:
    """An answer that is empty says so."""
    assert affected_by() == ""
    assert affected_by.scope() == "none"
    assert "affected: nothing" in affected_by.talk


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("test", {"//svc:test_svc"}),
        ("binary", {"//svc:svc"}),
        ("image", {"//svc:image"}),
        ("image_push", {"//svc:image_push"}),
    ],
)
def test_kinds(workspace: Workspace, affected_by: Answers, kind: str, labels: set[str]) -> None:
    """Each kind is a selection; a manual test is nobody's test, a manual push is a push."""
    workspace.write("lib/lib.py", "second\n")
    assert affected_by.labels("--kind", kind) == labels


def test_committed_range(workspace: Workspace, affected_by: Answers) -> None:
    """Two commits are compared, whatever is on disk."""
    workspace.write("other/other.py", "second\n")
    workspace.commit()
    workspace.write("lib/lib.py", "dirty\n")
    assert affected_by.labels("--base", "HEAD~1", "--head", "HEAD") == {"//other:other"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".bazelrc", "# Another reason.\nbuild  --keep_going\n"),
        ("MODULE.bazel", "# What this is.\n" + MODULE),
        ("requirements_lock.txt", "# Made by uv.\n" + LOCK),
        ("rules.bzl", '"""Rules."""\n\ndef macro(name):\n    native.rule(\n        name = name,\n    )\n'),
        ("svc/BUILD.bazel", '"""svc/"""\n\n# Why.\nrule(name = "x")\n'),
    ],
)
def test_comment_or_format_touches_nothing(workspace: Workspace, affected_by: Answers, path: str, text: str) -> None:
    """A definition that says the same defines the same."""
    workspace.write(path, text)
    assert affected_by.scope() == "none"


@pytest.mark.parametrize("rule", ["toolchain", "platform"])
def test_toolchain_is_everybodys(workspace: Workspace, affected_by: Answers, rule: str) -> None:
    """The graph has no edge to a toolchain or a platform, so what touches one touches everything."""
    workspace.define("//other:chosen", rule=rule, inputs=["//other:other.py"])
    workspace.commit()
    workspace.write("other/other.py", "second\n")
    assert affected_by.scope() == "all"
    assert f"//other:chosen is a {rule}" in affected_by.talk


def test_broken_head_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """A graph that cannot be loaded hides nothing."""
    workspace.write("lib/lib.py", "second\n")
    workspace.write("graph.json", '{"broken": true}')
    assert affected_by("--format", "github") == ""
    assert affected_by.status == 2
    assert "the head's graph cannot be loaded: error loading package 'x'" in affected_by.talk
    assert "everything is affected, and the targets cannot be listed" in affected_by.talk


def test_base_graph_is_read_once(workspace: Workspace, affected_by: Answers) -> None:
    """The graph of a commit is kept by its tree, so that the second question asks for the head alone."""
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    log = workspace.folder.parent / "fake_bazel.log"
    affected_by()
    first = log.read_text().count("--max_idle_secs")
    affected_by()
    assert (first, log.read_text().count("--max_idle_secs")) == (1, 1)


def test_why_tells_the_way(workspace: Workspace, affected_by: Answers) -> None:
    """From the file over the seed to the target, shortest first."""
    workspace.write("lib/lib.py", "second\n")
    steps = ["lib/lib.py", "//lib:lib.py", "//lib:lib", "//svc:svc", "//svc:image"]
    assert [line.strip() for line in affected_by("why", "//svc:image").splitlines()] == steps
    assert affected_by("why", "//svc").endswith("//svc:svc\n")
    assert affected_by("why", "//other") == "//other:other is not affected\n"


@pytest.mark.parametrize(
    ("folder", "word"), [("", "svc:image"), ("", "svc"), ("svc", ":image"), ("svc", ":svc"), ("lib", "//svc:image")]
)
def test_why_understands_names_as_seen_from_here(
    workspace: Workspace, affected_by: Answers, monkeypatch: pytest.MonkeyPatch, folder: str, word: str
) -> None:
    """As Bazel itself does."""
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(workspace.folder / folder))
    workspace.write("lib/lib.py", "second\n")
    assert affected_by("why", word).splitlines()[-1].strip() in {"//svc:image", "//svc:svc"}


@pytest.mark.parametrize("word", ["//svc:nothing", "nowhere", "//svc/...", "no label"])
def test_why_knows_what_is_no_target(workspace: Workspace, affected_by: Answers, word: str) -> None:
    """What does not exist is not called unaffected."""
    workspace.write("lib/lib.py", "second\n")
    assert affected_by("why", word) == ""
    assert affected_by.status == 2
    assert "affected: there is no target //" in affected_by.talk


def test_why_everything(workspace: Workspace, affected_by: Answers) -> None:
    """With everything affected the reason is the way."""
    workspace.write(".bazelversion", "8.0.0\n")
    assert affected_by("why", "//svc:image") == ".bazelversion: the version of Bazel changed\n"


def test_exit_code_is_asked_for(workspace: Workspace, affected_by: Answers) -> None:
    """Every answer is 0, unless --exit-code tells nothing and everything apart."""
    statuses = []
    for path in ("README.md", "lib/lib.py", ".bazelversion"):
        workspace.write(path, "second\n")
        for arguments in ([], ["--exit-code"]):
            affected_by(*arguments)
            statuses.append(affected_by.status)
    assert statuses == [0, 10, 0, 0, 0, 20]


def test_output_is_a_pattern_file(workspace: Workspace, affected_by: Answers) -> None:
    """The labels go to a file in the workspace as well."""
    workspace.write("other/other.py", "second\n")
    affected_by("--output", "affected.txt", "--kind", "test")
    assert (workspace.folder / "affected.txt").read_text() == "//other:other\n"


def test_output_that_cannot_be_written(workspace: Workspace, affected_by: Answers) -> None:
    """One sentence."""
    workspace.write("other/other.py", "second\n")
    assert affected_by("--output", "nowhere/affected.txt") == ""
    assert affected_by.status == 2
    assert "cannot be written to" in affected_by.talk
    with pytest.raises(SystemExit):
        affected_by("test", "--output", "affected.txt")


def test_what_starlark_says_is_the_reason() -> None:
    """And not that there is a traceback."""
    said = "ERROR: Traceback (most recent call last):\n\tFile x, line 1\nError in fail: no target has it\nERROR: more"
    assert str(BazelFailedError(said)) == "no target has it"
    assert str(BazelFailedError("WARNING: x\nERROR: no such package")) == "no such package"


@pytest.mark.parametrize(
    ("path", "called"),
    [("README.md", ""), ("other/other.py", "test --skip_incompatible"), (".bazelversion", "test //...")],
)
def test_tests_are_run(workspace: Workspace, affected_by: Answers, path: str, called: str) -> None:
    """`test` runs nothing, the affected tests, or all of them."""
    workspace.write(path, "second\n")
    affected_by("test")
    calls = (workspace.folder.parent / "fake_bazel.log").read_text().splitlines()
    tests = [call for call in calls if call.startswith("test")]
    assert len(tests) == (1 if called else 0)
    assert all(call.startswith(called) for call in tests)


def test_other_head_is_read_in_a_private_copy(workspace: Workspace, affected_by: Answers) -> None:
    """The checkout stays where it is, and the answer is that of the other commit."""
    first = workspace.git("rev-parse", "HEAD")
    workspace.write("other/other.py", "second\n")
    second = workspace.commit()
    workspace.git("checkout", "--quiet", first)
    assert affected_by.labels("--base", first, "--head", second) == {"//other:other"}
    assert (workspace.folder / "other/other.py").read_text() == "first\n"


def test_bad_revision_is_one_sentence(affected_by: Answers) -> None:
    """The status is 2 and nothing is on stdout."""
    assert affected_by("--base", "nowhere") == ""
    assert affected_by.status == 2
    assert affected_by.talk.startswith("affected: nowhere is not a revision of this repository")
    assert affected_by.talk.count("\n") == 1


def test_missing_bazel_is_one_sentence(
    workspace: Workspace, affected_by: Answers, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """Without a Bazel there is nobody to ask."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tools))
    for program, why in (("", "the workspace has no bazelw, and neither"), ("/no/bazel", "/no/bazel is no program")):
        assert affected_by("--bazel", program) == ""
        assert affected_by.status == 2
        assert affected_by.talk.startswith(f"affected: no Bazel to ask: {why}")
        assert affected_by.talk.count("\n") == 1
    assert workspace.folder.exists()


def test_program_needs_no_bazel_run(
    workspace: Workspace, affected_by: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started from bazel-bin, it answers for the folder it is started in, and by that folder's own Bazel."""
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY")
    monkeypatch.chdir(workspace.folder)
    workspace.write("bazelw", workspace.bazel.read_text().replace('$(dirname "$0")', str(workspace.bazel.parent)))
    (workspace.folder / "bazelw").chmod(0o755)
    workspace.commit()
    workspace.write("lib/lib.py", "second\n")
    assert "//lib:lib" in affected_by.labels("--bazel", "")

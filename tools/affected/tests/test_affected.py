"""The command line, from a change in a git repository to its output."""

import pathlib
import shutil

import pytest

from tools.affected.errors import BazelFailedError
from tools.affected.tests.conftest import LOCK, MODULE, RULE, CommandLine, Workspace


def test_nothing_changed(affected_by: CommandLine) -> None:
    """Without changes the output is empty and stderr says that nothing is affected."""
    assert affected_by() == ""
    assert affected_by.scope() == "none"
    assert "affected: nothing" in affected_by.stderr


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("test", {"//svc:test_svc"}),
        ("binary", {"//svc:svc"}),
        ("image", {"//svc:image"}),
        ("image_push", {"//svc:image_push"}),
    ],
)
def test_kinds(workspace: Workspace, affected_by: CommandLine, kind: str, labels: set[str]) -> None:
    """`--kind` selects targets by their rule; manual tests are left out, manual pushes are not."""
    workspace.write("lib/lib.py", "second\n")
    assert affected_by.labels("--kind", kind) == labels


def test_committed_range(workspace: Workspace, affected_by: CommandLine) -> None:
    """With --head two commits are compared, and edits on disk are ignored."""
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
def test_comment_or_format_affects_nothing(
    workspace: Workspace, affected_by: CommandLine, path: str, text: str
) -> None:
    """A file that differs only in comments or format defines the same targets."""
    workspace.write(path, text)
    assert affected_by.scope() == "none"


@pytest.mark.parametrize("rule", ["toolchain", "platform"])
def test_toolchain_affects_everything(workspace: Workspace, affected_by: CommandLine, rule: str) -> None:
    """The graph has no edge to a toolchain or a platform, so an affected one affects every target."""
    workspace.define("//other:chosen", rule=rule, inputs=["//other:other.py"])
    workspace.commit()
    workspace.write("other/other.py", "second\n")
    assert affected_by.scope() == "all"
    assert f"//other:chosen is a {rule}" in affected_by.stderr


def test_broken_head_affects_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """A head that cannot be loaded affects everything, and the command fails because it cannot list the targets."""
    workspace.write("lib/lib.py", "second\n")
    workspace.write("graph.json", '{"broken": true}')
    assert affected_by("--format", "github") == ""
    assert affected_by.status == 2
    assert "the head's graph cannot be loaded: error loading package 'x'" in affected_by.stderr
    assert "everything is affected, and the targets cannot be listed" in affected_by.stderr


def test_base_graph_is_read_once(workspace: Workspace, affected_by: CommandLine) -> None:
    """The graph of the base is cached by its tree, so the second run reads only that of the head."""
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    log = workspace.folder.parent / "fake_bazel.log"
    affected_by()
    first = log.read_text().count("--max_idle_secs")
    affected_by()
    assert (first, log.read_text().count("--max_idle_secs")) == (1, 1)


def test_why_prints_the_steps(workspace: Workspace, affected_by: CommandLine) -> None:
    """`why` prints a shortest path from the file over the seed to the target."""
    workspace.write("lib/lib.py", "second\n")
    steps = ["lib/lib.py", "//lib:lib.py", "//lib:lib", "//svc:svc", "//svc:image"]
    assert [line.strip() for line in affected_by("why", "//svc:image").splitlines()] == steps
    assert affected_by("why", "//svc").endswith("//svc:svc\n")
    assert affected_by("why", "//other") == "//other:other is not affected\n"


@pytest.mark.parametrize(
    ("folder", "word"), [("", "svc:image"), ("", "svc"), ("svc", ":image"), ("svc", ":svc"), ("lib", "//svc:image")]
)
def test_why_accepts_relative_labels(
    workspace: Workspace, affected_by: CommandLine, monkeypatch: pytest.MonkeyPatch, folder: str, word: str
) -> None:
    """A label may be relative to the working directory, as for Bazel."""
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(workspace.folder / folder))
    workspace.write("lib/lib.py", "second\n")
    assert affected_by("why", word).splitlines()[-1].strip() in {"//svc:image", "//svc:svc"}


@pytest.mark.parametrize("word", ["//svc:nothing", "nowhere", "//svc/...", "no label"])
def test_why_rejects_unknown_targets(workspace: Workspace, affected_by: CommandLine, word: str) -> None:
    """A target that does not exist is an error, not an unaffected target."""
    workspace.write("lib/lib.py", "second\n")
    assert affected_by("why", word) == ""
    assert affected_by.status == 2
    assert "affected: there is no target //" in affected_by.stderr


def test_why_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """If everything is affected, `why` prints the reasons."""
    workspace.write(".bazelversion", "8.0.0\n")
    assert affected_by("why", "//svc:image") == ".bazelversion: the version of Bazel changed\n"


def test_exit_code_option(workspace: Workspace, affected_by: CommandLine) -> None:
    """The status is 0; with --exit-code it is 10 if nothing is affected and 20 if everything is."""
    statuses = []
    for path in ("README.md", "lib/lib.py", ".bazelversion"):
        workspace.write(path, "second\n")
        for arguments in ([], ["--exit-code"]):
            affected_by(*arguments)
            statuses.append(affected_by.status)
    assert statuses == [0, 10, 0, 0, 0, 20]


def test_output_is_a_pattern_file(workspace: Workspace, affected_by: CommandLine) -> None:
    """--output writes the labels to a file in the workspace."""
    workspace.write("other/other.py", "second\n")
    affected_by("--output", "affected.txt", "--kind", "test")
    assert (workspace.folder / "affected.txt").read_text() == "//other:other\n"


def test_output_that_cannot_be_written(workspace: Workspace, affected_by: CommandLine) -> None:
    """An output file that cannot be written is an error of one sentence."""
    workspace.write("other/other.py", "second\n")
    assert affected_by("--output", "nowhere/affected.txt") == ""
    assert affected_by.status == 2
    assert "cannot be written to" in affected_by.stderr
    with pytest.raises(SystemExit):
        affected_by("test", "--output", "affected.txt")


def test_reason_is_the_message_of_fail() -> None:
    """The reason of a failure is the message of fail(), not the line that announces a traceback."""
    stderr = "ERROR: Traceback (most recent call last):\n\tFile x, line 1\nError in fail: no target has it\nERROR: more"
    assert str(BazelFailedError(stderr)) == "no target has it"
    assert str(BazelFailedError("WARNING: x\nERROR: no such package")) == "no such package"


@pytest.mark.parametrize(
    ("path", "called"),
    [("README.md", ""), ("other/other.py", "test --skip_incompatible"), (".bazelversion", "test //...")],
)
def test_affected_tests_are_run(workspace: Workspace, affected_by: CommandLine, path: str, called: str) -> None:
    """`test` runs nothing, the affected tests, or all of them."""
    workspace.write(path, "second\n")
    affected_by("test")
    calls = (workspace.folder.parent / "fake_bazel.log").read_text().splitlines()
    tests = [call for call in calls if call.startswith("test")]
    assert len(tests) == (1 if called else 0)
    assert all(call.startswith(called) for call in tests)


def test_other_head_is_read_in_a_private_copy(workspace: Workspace, affected_by: CommandLine) -> None:
    """The result is that of the other commit, and the checkout does not change."""
    first = workspace.git("rev-parse", "HEAD")
    workspace.write("other/other.py", "second\n")
    second = workspace.commit()
    workspace.git("checkout", "--quiet", first)
    assert affected_by.labels("--base", first, "--head", second) == {"//other:other"}
    assert (workspace.folder / "other/other.py").read_text() == "first\n"


def test_bad_revision_is_one_sentence(affected_by: CommandLine) -> None:
    """For an unknown revision the status is 2 and stdout is empty."""
    assert affected_by("--base", "nowhere") == ""
    assert affected_by.status == 2
    assert affected_by.stderr.startswith("affected: nowhere is not a revision of this repository")
    assert affected_by.stderr.count("\n") == 1


def test_missing_bazel_is_one_sentence(
    workspace: Workspace, affected_by: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """If no Bazel is found, the error names the programs that were looked for."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tools))
    for program, why in (("", "the workspace has no bazelw, and neither"), ("/no/bazel", "/no/bazel is no program")):
        assert affected_by("--bazel", program) == ""
        assert affected_by.status == 2
        assert affected_by.stderr.startswith(f"affected: Bazel not found: {why}")
        assert affected_by.stderr.count("\n") == 1
    assert workspace.folder.exists()


def test_program_needs_no_bazel_run(
    workspace: Workspace, affected_by: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started from bazel-bin, the program uses the working directory and its bazelw."""
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY")
    monkeypatch.chdir(workspace.folder)
    workspace.write("bazelw", workspace.bazel.read_text().replace('$(dirname "$0")', str(workspace.bazel.parent)))
    (workspace.folder / "bazelw").chmod(0o755)
    workspace.commit()
    workspace.write("lib/lib.py", "second\n")
    assert "//lib:lib" in affected_by.labels("--bazel", "")

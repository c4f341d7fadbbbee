"""The command line, from a change in a git repository to what is printed."""

import pathlib
import shutil

import pytest

from tools.affected.tests.conftest import LOCK, MODULE, Answers, Workspace

BELOW_LIB = {"//lib:lib", "//svc:svc", "//svc:test_svc", "//svc:slow", "//svc:image", "//svc:image_push"}
RULE = '"""svc/"""\n\nrule(name = "x")\n'


def test_nothing_changed(affected_by: Answers) -> None:
    """An answer that is empty says so."""
    assert affected_by() == ""
    assert affected_by.scope() == "none"
    assert "affected: nothing" in affected_by.talk


def test_source_reaches_what_depends_on_it(workspace: Workspace, affected_by: Answers) -> None:
    """A library's source touches its users and leaves the rest alone."""
    workspace.write("lib/lib.py", "second\n")
    assert affected_by.labels() == BELOW_LIB | {"//svc:slow"}
    assert "lib/lib.py: is a source file" in affected_by.talk


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


def test_committed_range(workspace: Workspace, affected_by: Answers) -> None:
    """Two commits are compared, whatever is on disk."""
    workspace.write("other/other.py", "second\n")
    workspace.commit()
    workspace.write("lib/lib.py", "dirty\n")
    assert affected_by.labels("--base", "HEAD~1", "--head", "HEAD") == {"//other:other"}


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


def test_linted_build_file_is_a_source_too(workspace: Workspace, affected_by: Answers) -> None:
    """A comment in a BUILD file touches the test that reads the file."""
    workspace.define("//svc:lint", rule="lint_test", inputs=["//svc:BUILD.bazel"])
    workspace.commit()
    workspace.write("svc/BUILD.bazel", RULE.replace("rule", "# Why.\nrule"))
    assert affected_by.labels() == {"//svc:lint"}


def test_build_file_is_compared_target_by_target(workspace: Workspace, affected_by: Answers) -> None:
    """Only the target whose attributes differ is a seed."""
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//svc:image", labels=["a=b"])
    assert affected_by.labels() == {"//svc:image", "//svc:image_push"}
    assert "svc/BUILD.bazel: defines 1 target otherwise" in affected_by.talk


def test_reordered_build_file_touches_nothing(workspace: Workspace, affected_by: Answers) -> None:
    """The order of targets is not compared, nor the line a target is written on."""
    workspace.define("//svc:svc", generator_location=["svc/BUILD.bazel:3"])
    workspace.commit()
    workspace.define("//svc:svc", generator_location=["svc/BUILD.bazel:9"])
    workspace.write("svc/BUILD.bazel", 'rule(name = "y")\n' + RULE)
    assert affected_by.scope() == "none"


def test_package_defaults_touch_the_package(workspace: Workspace, affected_by: Answers) -> None:
    """Features and other defaults of package() are in no attribute, so all its targets are seeds."""
    workspace.write("other/BUILD.bazel", 'package(features = ["x"])\n' + RULE)
    assert affected_by.labels() == {"//other:other"}


def test_new_and_removed_targets(workspace: Workspace, affected_by: Answers) -> None:
    """A new target is affected; one that is gone cannot be."""
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//svc:new", rule="py_test", inputs=[])
    workspace.graph.pop("//svc:test_svc")
    workspace.define("//svc:new")
    assert affected_by.labels() == {"//svc:new"}


def test_rule_that_acts_otherwise(workspace: Workspace, affected_by: Answers) -> None:
    """A rule's new implementation touches its targets, though no attribute differs."""
    workspace.write("rules.bzl", "def macro(name):\n    native.other(name = name)\n")
    workspace.define("//other:other", **{"$rule_implementation_hash": ["b"]})
    assert affected_by.labels() == {"//other:other"}
    assert "rules.bzl: defines 1 target otherwise" in affected_by.talk


def test_wider_visibility_touches_nothing(workspace: Workspace, affected_by: Answers) -> None:
    """Who may see a target is not what it is; who may no longer see it has to be built to find out."""
    workspace.define("//lib:lib", visibility=["//svc:__pkg__"])
    workspace.commit()
    workspace.write("lib/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//lib:lib", visibility=["//svc:__pkg__", "//other:__pkg__"])
    assert affected_by.scope() == "none"
    workspace.define("//lib:lib", visibility=["//visibility:private"])
    assert affected_by.labels() == BELOW_LIB


def test_deleted_file_that_a_pattern_found(workspace: Workspace, affected_by: Answers) -> None:
    """The BUILD file is as it was, and its glob finds less."""
    workspace.define("//other:other", srcs=["//other:other.py", "//other:b.py"], inputs=["//other:b.py"])
    workspace.write("other/b.py", "x")
    workspace.commit()
    (workspace.folder / "other/b.py").unlink()
    workspace.define("//other:other", srcs=["//other:other.py"], inputs=[])
    assert affected_by.labels() == {"//other:other"}


def test_new_package_takes_files_from_the_one_around_it(workspace: Workspace, affected_by: Answers) -> None:
    """A BUILD file that came explains what differs around it."""
    workspace.write("svc/inner/BUILD.bazel", "")
    workspace.define("//svc:svc", srcs=["//svc:main.py"])
    assert affected_by.labels() == BELOW_LIB - {"//lib:lib"}


def test_bumped_distribution(workspace: Workspace, affected_by: Answers) -> None:
    """Only what holds the distribution is affected, whichever name its repository has."""
    workspace.write("requirements_lock.txt", LOCK.replace("3.20", "3.21"))
    document = affected_by.document()
    assert {target["label"] for target in document["targets"]} == BELOW_LIB
    assert document["reasons"][0]["reason"] == "idna 3.20 -> 3.21"
    assert document["targets"][0]["why"] == ["requirements_lock.txt", "@@_main~pip~pip//idna:pkg", "//lib:lib"]


def test_distribution_that_nobody_has(workspace: Workspace, affected_by: Answers) -> None:
    """A bump of what no target holds touches nothing."""
    workspace.write("requirements_lock.txt", LOCK.replace("4.16.0", "4.16.1"))
    assert affected_by.scope() == "none"


def test_distribution_that_is_gone(workspace: Workspace, affected_by: Answers) -> None:
    """The base's graph says who had it, though nobody's own line changed."""
    workspace.write("requirements_lock.txt", LOCK.partition("idna")[0])
    workspace.graph.pop("@@_main~pip~pip//idna:pkg")
    workspace.define("//lib:lib", inputs=["//lib:lib.py"])
    assert affected_by.labels() == BELOW_LIB
    assert "requirements_lock.txt: idna 3.20 is gone" in affected_by.talk


def test_distribution_that_is_gone_from_a_broken_base(workspace: Workspace, affected_by: Answers) -> None:
    """Where the base's graph cannot be had, everything is affected."""
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("requirements_lock.txt", LOCK.partition("idna")[0])
    workspace.define("//lib:lib")
    assert affected_by.scope() == "all"
    assert "the graph cannot say who had idna" in affected_by.talk


def test_base_image_lock(workspace: Workspace, affected_by: Answers) -> None:
    """Packages of the base image touch images and nothing else."""
    workspace.write("base/lock.json", '{"new": 1}\n')
    assert affected_by.labels() == {"//svc:image", "//svc:image_push"}
    assert "base/lock.json: base_amd64, base_arm64 made anew" in affected_by.talk


def test_toolchain_is_everybodys(workspace: Workspace, affected_by: Answers) -> None:
    """The graph has no edge to a toolchain, so what touches one touches everything."""
    workspace.define("//other:toolchain", rule="toolchain", inputs=["//other:other.py"])
    workspace.commit()
    workspace.write("other/other.py", "second\n")
    assert affected_by.scope() == "all"
    assert "//other:toolchain is a toolchain" in affected_by.talk


def test_link_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """A symbolic link may stand for many files."""
    (workspace.folder / "link").symlink_to("lib")
    workspace.git("add", "link")
    assert affected_by.scope() == "all"


def test_folder_that_bazel_ignores(workspace: Workspace, affected_by: Answers) -> None:
    """What lies under .bazelignore lies in no package."""
    workspace.write(".bazelignore", "# Their own.\nfixtures\n")
    workspace.commit()
    workspace.write("fixtures/BUILD.bazel", "# x\n")
    workspace.write("fixtures/a.py", "x\n")
    assert affected_by.scope() == "none"


def test_broken_head_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """A graph that cannot be loaded hides nothing."""
    workspace.write("lib/lib.py", "second\n")
    workspace.write("graph.json", '{"broken": true}')
    assert affected_by.scope() == "all"
    assert "the head's graph cannot be loaded: ERROR: error loading package 'x'" in affected_by.talk


def test_broken_base_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """Without the base's graph nothing can be compared."""
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//lib:lib")
    assert affected_by.scope() == "all"


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
    affected_by("--bazel", "")
    assert affected_by.status == 2
    assert "no Bazel to ask" in affected_by.talk
    assert workspace.folder.exists()

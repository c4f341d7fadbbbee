"""BUILD files and Starlark."""

import pytest

from tools.affected.tests.conftest import BELOW_LIB, RULE, Answers, Workspace


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


@pytest.mark.parametrize(
    ("before", "after", "scope"),
    [
        ('["//svc:__pkg__"]', '["//svc:__pkg__", "//lib:__pkg__"]', "none"),
        ('["//visibility:private"]', '["//visibility:public"]', "none"),
        ('["//svc:__pkg__", "//lib:__pkg__"]', '["//svc:__pkg__"]', "some"),
        ("USERS", '["//visibility:public"]', "some"),
        ('["//svc:__pkg__"]', "USERS + OTHERS", "some"),
    ],
)
def test_visibility_of_a_package(
    workspace: Workspace, affected_by: Answers, before: str, after: str, scope: str
) -> None:
    """A package that shows its targets to more is the same; where that is not certain it is not."""
    workspace.write("other/BUILD.bazel", f"package(default_visibility = {before})\n{RULE}")
    workspace.commit()
    workspace.write("other/BUILD.bazel", f"package(default_visibility = {after})\n{RULE}")
    assert affected_by.scope() == scope


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


def test_broken_base_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """Without the base's graph nothing can be compared."""
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//lib:lib")
    assert affected_by.scope() == "all"


def test_added_file_that_a_pattern_counts(workspace: Workspace, affected_by: Answers) -> None:
    """A macro may make an attribute of what a pattern finds, and then no target owns the file."""
    workspace.write("other/new.txt", "x")
    workspace.define("//other:other", args=["1"])
    assert affected_by.labels() == {"//other:other"}


@pytest.mark.parametrize(("packages", "labels"), [(["//a"], BELOW_LIB), (["//a", "//b", "//c"], set())])
def test_group_of_packages(workspace: Workspace, affected_by: Answers, packages: list[str], labels: set[str]) -> None:
    """A group that lost a package has to be built with everything it shows; one that grew is the same."""
    workspace.define("//lib:friends", rule="package_group", packages=["//a", "//b"], inputs=[])
    workspace.define("//lib:lib", inputs=["//lib:lib.py", "//lib:friends"])
    workspace.commit()
    workspace.write("lib/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//lib:friends", packages=packages)
    assert affected_by.labels() == labels


def test_file_that_is_no_longer_exported(workspace: Workspace, affected_by: Answers) -> None:
    """Who takes it may not see it any more."""
    workspace.define("//other:other", inputs=["//lib:shared.txt"])
    workspace.write("lib/shared.txt", "x\n")
    workspace.write("lib/BUILD.bazel", 'exports_files(["shared.txt", "more.txt"])\n')
    workspace.commit()
    workspace.write("lib/BUILD.bazel", 'exports_files(["more.txt"])\n')
    assert affected_by.labels() == {"//other:other"}


def test_ignored_file_is_in_no_kept_graph(workspace: Workspace, affected_by: Answers) -> None:
    """The graph that is kept for a commit is that of its files, not of what else lies in the workspace."""
    workspace.write(".gitignore", "*.log\n")
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.commit()
    log = workspace.folder.parent / "fake_bazel.log"
    affected_by("--base", "HEAD~1")
    affected_by("--base", "HEAD~1")
    reads = [line.startswith("query") for line in log.read_text().splitlines() if "--noproto:default_values" in line]
    assert (reads.count(False), reads.count(True)) == (1, 2)

"""Changes of BUILD files and Starlark files, through the command line."""

import pytest

from tools.affected.tests.conftest import BELOW_LIB, RULE, CommandLine, Workspace


def test_linted_build_file_is_a_source_file(workspace: Workspace, affected_by: CommandLine) -> None:
    """A comment in a BUILD file affects the test that reads the file."""
    workspace.define("//svc:lint", rule="lint_test", inputs=["//svc:BUILD.bazel"])
    workspace.commit()
    workspace.write("svc/BUILD.bazel", RULE.replace("rule", "# Why.\nrule"))
    assert affected_by.labels() == {"//svc:lint"}


def test_build_file_is_compared_target_by_target(workspace: Workspace, affected_by: CommandLine) -> None:
    """Only the target whose attributes changed is a seed."""
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//svc:image", labels=["a=b"])
    assert affected_by.labels() == {"//svc:image", "//svc:image_push"}
    assert "svc/BUILD.bazel: changes the definition of 1 target" in affected_by.stderr


def test_reordered_build_file_affects_nothing(workspace: Workspace, affected_by: CommandLine) -> None:
    """The order and the lines of targets are not compared."""
    workspace.define("//svc:svc", generator_location=["svc/BUILD.bazel:3"])
    workspace.commit()
    workspace.define("//svc:svc", generator_location=["svc/BUILD.bazel:9"])
    workspace.write("svc/BUILD.bazel", 'rule(name = "y")\n' + RULE)
    assert affected_by.scope() == "none"


def test_package_defaults_affect_the_package(workspace: Workspace, affected_by: CommandLine) -> None:
    """Defaults of package() such as features are not attributes of targets, so all targets of the package are seeds."""
    workspace.write("other/BUILD.bazel", 'package(features = ["x"])\n' + RULE)
    assert affected_by.labels() == {"//other:other"}


def test_new_and_removed_targets(workspace: Workspace, affected_by: CommandLine) -> None:
    """A new target is affected; a removed one is not listed."""
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//svc:new", rule="py_test", inputs=[])
    workspace.graph.pop("//svc:test_svc")
    workspace.define("//svc:new")
    assert affected_by.labels() == {"//svc:new"}


def test_changed_implementation_of_a_rule(workspace: Workspace, affected_by: CommandLine) -> None:
    """A new implementation of a rule affects its targets, though none of their attributes changed."""
    workspace.write("rules.bzl", "def macro(name):\n    native.other(name = name)\n")
    workspace.define("//other:other", **{"$rule_implementation_hash": ["b"]})
    assert affected_by.labels() == {"//other:other"}
    assert "rules.bzl: changes the definition of 1 target" in affected_by.stderr


def test_only_narrower_visibility_affects(workspace: Workspace, affected_by: CommandLine) -> None:
    """A wider visibility affects nothing; a narrower one affects the reverse dependencies, whose build may fail."""
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
    workspace: Workspace, affected_by: CommandLine, before: str, after: str, scope: str
) -> None:
    """A wider default visibility affects nothing; an expression that is no list may be narrower."""
    workspace.write("other/BUILD.bazel", f"package(default_visibility = {before})\n{RULE}")
    workspace.commit()
    workspace.write("other/BUILD.bazel", f"package(default_visibility = {after})\n{RULE}")
    assert affected_by.scope() == scope


def test_deleted_file_in_a_glob(workspace: Workspace, affected_by: CommandLine) -> None:
    """A file that a glob no longer finds changes the target, though the BUILD file is unchanged."""
    workspace.define("//other:other", srcs=["//other:other.py", "//other:b.py"], inputs=["//other:b.py"])
    workspace.write("other/b.py", "x")
    workspace.commit()
    (workspace.folder / "other/b.py").unlink()
    workspace.define("//other:other", srcs=["//other:other.py"], inputs=[])
    assert affected_by.labels() == {"//other:other"}


def test_new_package_inside_another(workspace: Workspace, affected_by: CommandLine) -> None:
    """A new BUILD file removes files from the globs of the package around it, whose targets are then seeds."""
    workspace.write("svc/inner/BUILD.bazel", "")
    workspace.define("//svc:svc", srcs=["//svc:main.py"])
    assert affected_by.labels() == BELOW_LIB - {"//lib:lib"}


def test_broken_base_affects_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """If the base cannot be loaded, everything is affected."""
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//lib:lib")
    assert affected_by.scope() == "all"


def test_added_file_that_changes_an_attribute(workspace: Workspace, affected_by: CommandLine) -> None:
    """A macro may compute an attribute from a glob, and then no target references the file."""
    workspace.write("other/new.txt", "x")
    workspace.define("//other:other", args=["1"])
    assert affected_by.labels() == {"//other:other"}


@pytest.mark.parametrize(("packages", "labels"), [(["//a"], BELOW_LIB), (["//a", "//b", "//c"], set())])
def test_package_group(workspace: Workspace, affected_by: CommandLine, packages: list[str], labels: set[str]) -> None:
    """A package group that lost a package affects the targets that use it; one that gained a package does not."""
    workspace.define("//lib:friends", rule="package_group", packages=["//a", "//b"], inputs=[])
    workspace.define("//lib:lib", inputs=["//lib:lib.py", "//lib:friends"])
    workspace.commit()
    workspace.write("lib/BUILD.bazel", RULE.replace("x", "y"))
    workspace.define("//lib:friends", packages=packages)
    assert affected_by.labels() == labels


def test_file_that_is_no_longer_exported(workspace: Workspace, affected_by: CommandLine) -> None:
    """A target that references a file that is no longer exported is affected: its build may fail."""
    workspace.define("//other:other", inputs=["//lib:shared.txt"])
    workspace.write("lib/shared.txt", "x\n")
    workspace.write("lib/BUILD.bazel", 'exports_files(["shared.txt", "more.txt"])\n')
    workspace.commit()
    workspace.write("lib/BUILD.bazel", 'exports_files(["more.txt"])\n')
    assert affected_by.labels() == {"//other:other"}


def test_ignored_files_are_in_no_cached_graph(workspace: Workspace, affected_by: CommandLine) -> None:
    """The graph of the head is not cached if it was read in the workspace, which may contain ignored files."""
    workspace.write(".gitignore", "*.log\n")
    workspace.write("svc/BUILD.bazel", RULE.replace("x", "y"))
    workspace.commit()
    log = workspace.folder.parent / "fake_bazel.log"
    affected_by("--base", "HEAD~1")
    affected_by("--base", "HEAD~1")
    reads = [line.startswith("query") for line in log.read_text().splitlines() if "--noproto:default_values" in line]
    assert (reads.count(False), reads.count(True)) == (1, 2)

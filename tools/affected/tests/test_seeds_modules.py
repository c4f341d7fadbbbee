"""Changes of MODULE.bazel, through the command line."""

import json

import pytest

from tools.affected.tests.conftest import BELOW_LIB, MODULE, CommandLine, Workspace

DEPS = 'bazel_dep(name = "module_a", version = "1")\nbazel_dep(name = "module_b", version = "1")\n'
TOOL = "@@module_a~//:tool"
SERVICE = {"//svc:svc", "//svc:test_svc", "//svc:slow", "//svc:image", "//svc:image_push"}


@pytest.fixture(autouse=True)
def toolchain(workspace: Workspace) -> None:
    """Let a service resolve a toolchain of a module, to which the graph has no edge."""
    workspace.write("MODULE.bazel", DEPS + MODULE)
    workspace.write("modules.json", json.dumps({"module_a": "1", "module_b": "1"}))
    workspace.define(TOOL, rule="tool", inputs=[])
    workspace.define("//svc:svc", toolchains=[TOOL])
    workspace.commit()


def bump(workspace: Workspace, version: str = "2") -> None:
    """Bump module_a."""
    workspace.write("MODULE.bazel", DEPS.replace("1", version, 1) + MODULE)
    workspace.write("modules.json", json.dumps({"module_a": version, "module_b": "1"}))


def test_toolchain_of_a_bumped_module(workspace: Workspace, affected_by: CommandLine) -> None:
    """Targets that resolve a changed toolchain are affected, and `why` prints the steps from MODULE.bazel."""
    bump(workspace)
    workspace.define(TOOL, options=["new"])
    document = affected_by.document()
    assert {target["label"] for target in document["targets"]} == SERVICE
    assert document["reasons"][0]["reason"] == "module_a 1 -> 2"
    steps = affected_by("why", "//svc:image").split()
    assert " ".join(steps) == f"MODULE.bazel module_a 1 -> 2 {TOOL} //svc:svc //svc:image"


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "html"])
def test_reason_in_every_format(workspace: Workspace, affected_by: CommandLine, format_: str) -> None:
    """Each format with reasons has this one."""
    bump(workspace)
    workspace.define(TOOL, options=["new"])
    printed = affected_by("--format", format_)
    assert "module_a 1 -&gt; 2" in printed or "module_a 1 -> 2" in printed + affected_by.stderr


def test_newly_resolved_toolchain(workspace: Workspace, affected_by: CommandLine) -> None:
    """A target that resolves another toolchain is affected, though no definition changed."""
    bump(workspace)
    workspace.define("@@module_a~//:other", rule="tool", inputs=[])
    workspace.define("//svc:svc", toolchains=["@@module_a~//:other"])
    assert affected_by.labels() == SERVICE


def test_rule_of_a_bumped_module(workspace: Workspace, affected_by: CommandLine) -> None:
    """A target is affected if the implementation of its rule changed, also if that is loaded indirectly."""
    bump(workspace)
    workspace.define("//lib:lib", **{"$rule_implementation_hash": ["b"]})
    assert affected_by.labels() == BELOW_LIB


def test_bump_without_effect(workspace: Workspace, affected_by: CommandLine) -> None:
    """If the configured graphs are equal, nothing is affected, and the reason names the bump."""
    bump(workspace)
    assert affected_by.scope() == "none"
    assert "MODULE.bazel: module_a 1 -> 2: no target depends on what changed" in affected_by.stderr


def test_version_that_is_not_selected(workspace: Workspace, affected_by: CommandLine) -> None:
    """If the module resolves to the same version as before, nothing is analysed."""
    workspace.write("MODULE.bazel", DEPS.replace("1", "0.9", 1) + MODULE)
    assert affected_by.scope() == "none"
    assert "every module resolves to the same version as before" in affected_by.stderr
    assert "cquery" not in (workspace.folder.parent / "fake_bazel.log").read_text()


def test_tag_is_compared_by_its_effect(workspace: Workspace, affected_by: CommandLine) -> None:
    """A changed tag affects targets only if the repositories of the extension change."""
    workspace.write("MODULE.bazel", DEPS + MODULE.replace('name = "base", ', 'name = "base", more = 1, '))
    assert affected_by.scope() == "none"
    workspace.define("@@_main~debian~base_amd64//:files", srcs=["@@_main~debian~base_amd64//:other"])
    assert affected_by.labels() == {"//svc:image", "//svc:image_push"}
    assert "MODULE.bazel: debian.lock" in affected_by.stderr


def test_repository_mapping(workspace: Workspace, affected_by: CommandLine) -> None:
    """A changed repository mapping affects programs, which contain it."""
    workspace.write("names.json", json.dumps({"": {"module_a": "module_a~"}}))
    workspace.commit()
    workspace.write("names.json", json.dumps({"": {"renamed": "module_a~"}}))
    workspace.write("MODULE.bazel", DEPS.replace('"1"', '"1", repo_name = "renamed"', 1) + MODULE)
    assert affected_by.labels() == SERVICE


def test_order_without_effect(workspace: Workspace, affected_by: CommandLine) -> None:
    """The order of keywords and of imported repositories is ignored."""
    text = DEPS.replace('name = "module_a", version = "1"', 'version = "1", name = "module_a"') + MODULE
    workspace.write("MODULE.bazel", text.replace('"base_amd64", "base_arm64"', '"base_arm64", "base_amd64"'))
    assert affected_by.scope() == "none"
    assert "only an order without effect changed" in affected_by.stderr


def test_broken_base_affects_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """If the base cannot be analysed, everything is affected."""
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("MODULE.bazel", DEPS)
    workspace.define("//lib:lib")
    document = affected_by.document()
    assert document["scope"] == "all"
    assert any(reason["path"] == "MODULE.bazel" and reason["scope"] == "all" for reason in document["reasons"])


def test_modules_of_another_workspace_affect_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """The modules of a nested workspace are not compared, so a change of them affects everything."""
    workspace.write("inner/MODULE.bazel", "")
    workspace.commit()
    workspace.write("inner/MODULE.bazel", DEPS)
    assert affected_by.scope() == "all"
    assert "inner/MODULE.bazel: modules of another workspace changed" in affected_by.stderr


def test_deleted_module_file_affects_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """Without MODULE.bazel there is no module graph to compare."""
    (workspace.folder / "MODULE.bazel").unlink()
    assert affected_by.scope() == "all"
    assert "MODULE.bazel: the file was deleted" in affected_by.stderr

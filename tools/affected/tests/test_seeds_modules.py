"""MODULE.bazel."""

import json

import pytest

from tools.affected.tests.conftest import BELOW_LIB, MODULE, Answers, Workspace

DEPS = 'bazel_dep(name = "mill", version = "1")\nbazel_dep(name = "stamp", version = "1")\n'
STONE = "@@mill~//:stone"
SERVICE = {"//svc:svc", "//svc:test_svc", "//svc:slow", "//svc:image", "//svc:image_push"}


@pytest.fixture(autouse=True)
def mill(workspace: Workspace) -> None:
    """Let a service resolve a toolchain of a module, to which the graph has no edge."""
    workspace.write("MODULE.bazel", DEPS + MODULE)
    workspace.write("modules.json", json.dumps({"mill": "1", "stamp": "1"}))
    workspace.define(STONE, rule="stone", inputs=[])
    workspace.define("//svc:svc", toolchains=[STONE])
    workspace.commit()


def bump(workspace: Workspace, version: str = "2") -> None:
    """Take another version of the mill."""
    workspace.write("MODULE.bazel", DEPS.replace("1", version, 1) + MODULE)
    workspace.write("modules.json", json.dumps({"mill": version, "stamp": "1"}))


def test_toolchain_of_a_bumped_module(workspace: Workspace, affected_by: Answers) -> None:
    """Who resolves a toolchain that is another is affected, and the way from the file to the target is told."""
    bump(workspace)
    workspace.define(STONE, grain=["finer"])
    document = affected_by.document()
    assert {target["label"] for target in document["targets"]} == SERVICE
    assert document["reasons"][0]["reason"] == "mill 1 -> 2"
    way = affected_by("why", "//svc:image").split()
    assert " ".join(way) == f"MODULE.bazel mill 1 -> 2 {STONE} //svc:svc //svc:image"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_reason_in_every_form(workspace: Workspace, affected_by: Answers, form: str) -> None:
    """Each form that gives reasons gives this one."""
    bump(workspace)
    workspace.define(STONE, grain=["finer"])
    printed = affected_by("--format", form)
    assert "mill 1 -&gt; 2" in printed or "mill 1 -> 2" in printed + affected_by.talk


def test_other_toolchain_wins(workspace: Workspace, affected_by: Answers) -> None:
    """No target is defined otherwise, but one resolves something else."""
    bump(workspace)
    workspace.define("@@mill~//:other", rule="stone", inputs=[])
    workspace.define("//svc:svc", toolchains=["@@mill~//:other"])
    assert affected_by.labels() == SERVICE


def test_rule_of_a_bumped_module(workspace: Workspace, affected_by: Answers) -> None:
    """A target whose rule acts otherwise is affected, whichever file it was loaded through."""
    bump(workspace)
    workspace.define("//lib:lib", **{"$rule_implementation_hash": ["b"]})
    assert affected_by.labels() == BELOW_LIB


def test_bump_that_nobody_notices(workspace: Workspace, affected_by: Answers) -> None:
    """Where everything is analysed as before, nothing is affected, and the reason says what was looked at."""
    bump(workspace)
    assert affected_by.scope() == "none"
    assert "MODULE.bazel: mill 1 -> 2: no target hangs on what that changes" in affected_by.talk


def test_version_that_is_not_taken(workspace: Workspace, affected_by: Answers) -> None:
    """Another module may ask for a newer one, or an override stand in: then nothing is analysed at all."""
    workspace.write("MODULE.bazel", DEPS.replace("1", "0.9", 1) + MODULE)
    assert affected_by.scope() == "none"
    assert "every module resolves to the version that it had" in affected_by.talk
    assert "cquery" not in (workspace.folder.parent / "fake_bazel.log").read_text()


def test_tag_is_compared_by_what_it_makes(workspace: Workspace, affected_by: Answers) -> None:
    """What an extension is told counts where something else comes of it."""
    workspace.write("MODULE.bazel", DEPS + MODULE.replace('name = "base", ', 'name = "base", more = 1, '))
    assert affected_by.scope() == "none"
    workspace.define("@@_main~debian~base_amd64//:files", srcs=["@@_main~debian~base_amd64//:other"])
    assert affected_by.labels() == {"//svc:image", "//svc:image_push"}
    assert "MODULE.bazel: debian.lock" in affected_by.talk


def test_name_that_programs_carry(workspace: Workspace, affected_by: Answers) -> None:
    """Programs look files up by what their repository calls another one."""
    workspace.write("names.json", json.dumps({"": {"mill": "mill~"}}))
    workspace.commit()
    workspace.write("names.json", json.dumps({"": {"grinder": "mill~"}}))
    workspace.write("MODULE.bazel", DEPS.replace('"1"', '"1", repo_name = "grinder"', 1) + MODULE)
    assert affected_by.labels() == SERVICE


def test_order_that_means_nothing(workspace: Workspace, affected_by: Answers) -> None:
    """Keywords and repositories may stand in any order."""
    text = DEPS.replace('name = "mill", version = "1"', 'version = "1", name = "mill"') + MODULE
    workspace.write("MODULE.bazel", text.replace('"base_amd64", "base_arm64"', '"base_arm64", "base_amd64"'))
    assert affected_by.scope() == "none"
    assert "only an order differs" in affected_by.talk


def test_what_cannot_be_compared_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """A base that Bazel refuses has no answer."""
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("MODULE.bazel", DEPS)
    workspace.define("//lib:lib")
    document = affected_by.document()
    assert document["scope"] == "all"
    assert any(reason["path"] == "MODULE.bazel" and reason["scope"] == "all" for reason in document["reasons"])


def test_modules_of_another_workspace_are_everything(workspace: Workspace, affected_by: Answers) -> None:
    """They are not looked into: nobody knows who takes that workspace for what."""
    workspace.write("inner/MODULE.bazel", "")
    workspace.commit()
    workspace.write("inner/MODULE.bazel", DEPS)
    assert affected_by.scope() == "all"
    assert "inner/MODULE.bazel: modules of another workspace changed" in affected_by.talk


def test_file_that_came_or_went_is_everything(workspace: Workspace, affected_by: Answers) -> None:
    """Without it there is no workspace to compare with."""
    (workspace.folder / "MODULE.bazel").unlink()
    assert affected_by.scope() == "all"
    assert "MODULE.bazel: the file was deleted" in affected_by.talk

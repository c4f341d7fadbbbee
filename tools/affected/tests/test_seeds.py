"""The forms of seeds, returned by a seed rule and read by the command line."""

from collections.abc import Callable

import pytest

from tools.affected.changes import Change
from tools.affected.context import AnalysisContext
from tools.affected.impact import ChangeImpact, affects_seeds
from tools.affected.seeds.modules import ModulesRule
from tools.affected.tests.conftest import BELOW_LIB, CommandLine, Workspace

SetSeed = Callable[[str], None]


@pytest.fixture
def set_seed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> SetSeed:
    """Return a function that lets the rule `modules` return one seed for a changed file."""
    workspace.write("README.md", "second\n")

    def set_to(seed: str) -> None:
        def impact(_: ModulesRule, change: Change, __: AnalysisContext) -> ChangeImpact:
            return affects_seeds(change.path, "changed", (seed,))

        monkeypatch.setattr(ModulesRule, "impact", impact)

    return set_to


@pytest.mark.parametrize(
    "seed",
    [
        "//lib/...",
        "//...",
        "//lib",
        "//lib:all",
        "//lib:*",
        "//lib:all-targets",
        "//lib:",
        "lib:lib",
        ":lib",
        "@pip//idna",
        "@pip//idna/...",
        "@pip//idna:*",
        "@pip",
        "@@_main~pip~pip//idna:pkg",
        "",
    ],
)
def test_malformed_seeds_are_errors(affected_by: CommandLine, set_seed: SetSeed, seed: str) -> None:
    """A seed in a form that finds no targets is an error that names the rule and the seed."""
    set_seed(seed)
    assert affected_by() == ""
    assert affected_by.status == 2
    (line,) = affected_by.stderr.splitlines()
    assert line.startswith(f"affected: the seed rule modules returned {seed!r}, which is no seed: ")


@pytest.mark.parametrize("seed", ["//lib:lib", "@pip//idna:pkg", "@pip//idna:all", "@pip//..."])
def test_each_form_of_seeds_finds_targets(affected_by: CommandLine, set_seed: SetSeed, seed: str) -> None:
    """Labels, all targets of a package and all targets of a repository affect their reverse dependencies."""
    set_seed(seed)
    assert affected_by.labels() == BELOW_LIB | {"//svc:slow"}


def test_a_target_may_be_named_like_a_wildcard(
    workspace: Workspace, affected_by: CommandLine, set_seed: SetSeed
) -> None:
    """`//other:all` is a label if the package has such a target."""
    workspace.define("//other:all", rule="py_library", inputs=[])
    workspace.commit()
    workspace.write("README.md", "third\n")
    set_seed("//other:all")
    assert "//other:all" in affected_by.labels()
    assert affected_by.status == 0

"""A run of the audit, with a real Bazel on the generated workspace."""

import dataclasses
import random
from collections.abc import Iterator

import pytest

from tools.affected import seeds
from tools.affected.audit import mutations, temp_workspace
from tools.affected.audit.__main__ import MIN_PRECISION
from tools.affected.audit.experiment import Score, Workspace
from tools.affected.edges import RuleNode

# An edit of options reports targets without actions, which did not change. With fewer edits precision is too low.
MUTATIONS, SEED = 60, 4


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    """Return the generated workspace."""
    with temp_workspace.create() as bazel:
        yield Workspace.read(bazel, mutations.OF_FIXTURE, with_baselines=False)


def test_no_changed_target_is_missed(workspace: Workspace) -> None:
    """Over all kinds of edits, every changed target is reported, and few others."""
    outcomes = list(workspace.run_all(MUTATIONS, SEED))
    missed = {one.mutation: sorted(one.missed("affected")) for one in outcomes if one.missed("affected")}
    assert not missed
    assert any(outcome.changed for outcome in outcomes)
    assert Score.of("affected", outcomes).precision >= MIN_PRECISION


@pytest.mark.parametrize("mutation", [mutations.edit_data, mutations.add_data, mutations.make_executable])
def test_runfiles_are_compared(workspace: Workspace, mutation: mutations.Mutation) -> None:
    """A change of a runfile changes the target even if no action reads it."""
    changed = workspace.run(mutation, random.Random(SEED)).changed
    assert {label.partition(":")[2] for label in changed} == {"data", "test"}


def edit_lowest(editor: mutations.Editor) -> None:
    """Edit the library that all others depend on."""
    (editor.folder / "lib0/a.src").write_text("edited\n")


def test_filtered_edge_does_not_propagate(workspace: Workspace) -> None:
    """A target that uses only the third-party files of a library is not affected by the library's own files."""
    outcome = workspace.run(edit_lowest, random.Random(SEED))
    assert outcome.report("affected").reported == outcome.changed
    assert {label for label in outcome.changed if label.startswith("//inventories")} == {"//inventories:with_source"}


def test_wrong_filter_is_found(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """If rules declare that they do not read an attribute that they read, targets are missed."""
    read = RuleNode.from_query
    filtered = frozenset({"srcs"})
    monkeypatch.setattr(RuleNode, "from_query", lambda rule: dataclasses.replace(read(rule), unread=filtered))
    assert workspace.run(edit_lowest, random.Random(SEED)).missed("affected")


def test_repository_mappings_are_compared(workspace: Workspace) -> None:
    """A test changes if its runfiles get a file of another repository, though it does not read the file."""
    outcome = workspace.run(mutations.add_external_data, random.Random(SEED))
    assert outcome.report("affected").reported >= outcome.changed >= {"//inventories:pins_test"}


def test_execution_platform(workspace: Workspace) -> None:
    """Another execution platform misses no target; it affects all, so it is no mutation that measures precision."""
    outcome = workspace.run(mutations.register_platform, random.Random(SEED))
    assert len(outcome.changed) > len(outcome.unneeded("affected")) > 0
    assert not outcome.missed("affected")


@pytest.mark.parametrize(
    ("rule", "mutation"),
    [
        ("definitions", mutations.change_rule),
        ("definitions", mutations.delete_source),
        ("definitions", mutations.split_package),
        ("module_locks", mutations.bump_distribution),
        ("modules", mutations.register_toolchain),
        ("global_files", mutations.change_option),
    ],
)
def test_disabled_seed_rule_is_found(workspace: Workspace, rule: str, mutation: mutations.Mutation) -> None:
    """Without one of the seed rules the audit finds missed targets."""
    others = tuple(one for one in seeds.RULES if one.name != rule)
    assert len(others) == len(seeds.RULES) - 1
    without = dataclasses.replace(workspace, rules=others)
    assert without.run(mutation, random.Random(SEED)).missed("affected")

"""`affected` against the truth, with a real Bazel on a workspace that is made here."""

import dataclasses
import random
from collections.abc import Iterator

import pytest

from tools.affected import seeds, ways
from tools.affected.audit import mutations, scratch
from tools.affected.audit.__main__ import LEAST_PRECISION
from tools.affected.audit.trial import Bench, Score

# Options are edited once: what has no action is reported then without need, which weighs too much among few edits.
MUTATIONS, SEED = 60, 4


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Give a fixture workspace that its Bazel has seen."""
    with scratch.workspace() as bazel:
        yield Bench.of(bazel, mutations.OF_FIXTURE, with_rivals=False)


def test_nothing_that_changed_is_missed(bench: Bench) -> None:
    """Over all kinds of edits, what acts otherwise is reported, and hardly anything else."""
    trials = list(bench.trials(MUTATIONS, SEED))
    missed = {trial.mutation: sorted(trial.missed("affected")) for trial in trials if trial.missed("affected")}
    assert not missed
    assert any(trial.changed for trial in trials)
    assert Score.of("affected", trials).precision >= LEAST_PRECISION


@pytest.mark.parametrize("mutation", [mutations.edit_data, mutations.add_data, mutations.make_executable])
def test_file_that_no_action_reads_counts(bench: Bench, mutation: mutations.Mutation) -> None:
    """Who has a file at hand changes with it, though there is no action to see that by."""
    changed = bench.trial(mutation, random.Random(SEED)).changed
    assert {label.partition(":")[2] for label in changed} == {"data", "test"}


def edit_lowest(editor: mutations.Editor) -> None:
    """Edit the library that all others have below them."""
    (editor.folder / "lib0/a.src").write_text("edited\n")


def test_way_that_nobody_looks_down_is_spared(bench: Bench) -> None:
    """Of two that take what other repositories gave to a library, only the one with the library's own file changes."""
    trial = bench.trial(edit_lowest, random.Random(SEED))
    assert trial.guess("affected").reported == trial.changed
    assert {label for label in trial.changed if label.startswith("//inventories")} == {"//inventories:beside"}


def test_untrue_statement_is_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that claims not to look at what it reads is found out."""
    read = ways.Taker.of
    monkeypatch.setattr(ways.Taker, "of", lambda rule: dataclasses.replace(read(rule), unseen=frozenset({"srcs"})))
    assert bench.trial(edit_lowest, random.Random(SEED)).missed("affected")


def test_names_that_programs_carry_count(bench: Bench) -> None:
    """A test that looks at nothing at hand changes where that brings another repository."""
    trial = bench.trial(mutations.put_at_hand, random.Random(SEED))
    assert trial.guess("affected").reported >= trial.changed >= {"//inventories:pins_test"}


def test_machine_that_actions_run_on_counts(bench: Bench) -> None:
    """Another execution platform is everything, so that it is no edit to measure precision by; none is missed."""
    trial = bench.trial(mutations.register_platform, random.Random(SEED))
    assert len(trial.changed) > len(trial.unneeded("affected")) > 0
    assert not trial.missed("affected")


@pytest.mark.parametrize(
    ("module", "mutation"),
    [
        ("definitions", mutations.change_rule),
        ("definitions", mutations.delete_source),
        ("definitions", mutations.split_package),
        ("module_locks", mutations.bump_distribution),
        ("modules", mutations.register_toolchain),
        ("everything", mutations.change_option),
    ],
)
def test_switched_off_seed_is_noticed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, module: str, mutation: mutations.Mutation
) -> None:
    """The audit is no rubber stamp: with a seed module missing it finds targets that were not reported."""
    left = tuple(one for one in seeds.BEFORE_SOURCES if not one.__name__.endswith(module))
    monkeypatch.setattr(seeds, "BEFORE_SOURCES", left)
    assert bench.trial(mutation, random.Random(SEED)).missed("affected")

"""Every mutation fits the fixture."""

import pathlib
import random
import subprocess

import pytest

from tools.affected.audit import fixture, mutations, tracked


@pytest.mark.parametrize("mutation", mutations.OF_FIXTURE, ids=lambda mutation: str(mutation.__name__))
def test_mutation_changes_something(mutation: mutations.Mutation, tmp_path: pathlib.Path) -> None:
    """Each one leaves the tree different from the commit, and the same again for the same dice."""
    seen = []
    for number in range(2):
        folder = tmp_path / str(number)
        fixture.make(folder)
        mutation(mutations.Editor(folder, random.Random(7)))
        subprocess.run(["git", "-C", str(folder), "add", "--all"], check=True)
        diff = ["git", "-C", str(folder), "diff", "--cached", "HEAD"]
        seen.append(subprocess.run(diff, check=True, capture_output=True, text=True).stdout)
    assert seen[0]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("mutation", tracked.OF_TRACKS, ids=lambda mutation: str(mutation.__name__))
def test_edit_of_a_track_changes_a_lock(mutation: mutations.Mutation, tmp_path: pathlib.Path) -> None:
    """Each edit leaves another lock than there was, and nothing else."""
    fixture.commit(tmp_path, tracked.files())
    mutation(mutations.Editor(tmp_path, random.Random(7)))
    status = subprocess.run(
        ["git", "-C", str(tmp_path), "status", "--short"], check=True, capture_output=True, text=True
    ).stdout
    assert status
    assert all(line.endswith("_lock.txt") for line in status.splitlines())


def test_every_mutation_is_drawn() -> None:
    """Enough draws hold each one."""
    drawn = mutations.drawn(mutations.OF_FIXTURE, random.Random(1), 60)
    assert len(drawn) == 60
    assert set(drawn) == set(mutations.OF_FIXTURE)


def test_fixture_that_no_longer_fits_is_said(tmp_path: pathlib.Path) -> None:
    """A mutation without a place is an error, not a mutation that does nothing."""
    (tmp_path / "a").write_text("")
    editor = mutations.Editor(tmp_path, random.Random(1))
    with pytest.raises(LookupError, match="a has no place for x"):
        editor.replace(tmp_path / "a", "x", "y")

"""Every mutation edits its generated workspace."""

import pathlib
import random
import subprocess

import pytest

from tools.affected.audit import fixture, mutations, track_fixture


@pytest.mark.parametrize("mutation", mutations.OF_FIXTURE, ids=lambda mutation: str(mutation.__name__))
def test_mutation_changes_something(mutation: mutations.Mutation, tmp_path: pathlib.Path) -> None:
    """Each mutation changes a file, and equal random generators make equal edits."""
    diffs = []
    for number in range(2):
        folder = tmp_path / str(number)
        fixture.create(folder)
        mutation(mutations.Editor(folder, random.Random(7)))
        subprocess.run(["git", "-C", str(folder), "add", "--all"], check=True)
        diff = ["git", "-C", str(folder), "diff", "--cached", "HEAD"]
        diffs.append(subprocess.run(diff, check=True, capture_output=True, text=True).stdout)
    assert diffs[0]
    assert diffs[0] == diffs[1]


@pytest.mark.parametrize("mutation", track_fixture.OF_TRACKS, ids=lambda mutation: str(mutation.__name__))
def test_edit_of_a_track_changes_a_lock(mutation: mutations.Mutation, tmp_path: pathlib.Path) -> None:
    """Each mutation changes lock files and no other file."""
    fixture.commit(tmp_path, track_fixture.files())
    mutation(mutations.Editor(tmp_path, random.Random(7)))
    status = subprocess.run(
        ["git", "-C", str(tmp_path), "status", "--short"], check=True, capture_output=True, text=True
    ).stdout
    assert status
    assert all(line.endswith("_lock.txt") for line in status.splitlines())


def test_every_mutation_is_drawn() -> None:
    """A large number of draws contains each mutation."""
    drawn = mutations.draw(mutations.OF_FIXTURE, random.Random(1), 60)
    assert len(drawn) == 60
    assert set(drawn) == set(mutations.OF_FIXTURE)


def test_mutation_without_a_match_is_an_error(tmp_path: pathlib.Path) -> None:
    """A mutation that finds no place to edit raises an error."""
    (tmp_path / "a").write_text("")
    editor = mutations.Editor(tmp_path, random.Random(1))
    with pytest.raises(LookupError, match="a has no match of x"):
        editor.replace(tmp_path / "a", "x", "y")

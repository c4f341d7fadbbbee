"""The proof itself, with a real Bazel, on a workspace of one small image."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.reproducible import fixture
from tools.reproducible.builds import Bazel, cloned
from tools.reproducible.conditions import HOSTILE, PLAIN
from tools.reproducible.documents import commit_documents
from tools.reproducible.sabotage import Sabotage, sabotage
from tools.reproducible.surroundings import lists_the_last_first, odd_surroundings

Digests = dict[str, str]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed workspace whose tools are this repository's."""
    folder = tmp_path_factory.mktemp("fixture")
    of_rules = Path(sys.executable).resolve().parents[2]
    of_base = Path(os.environ["BASE_PYTHON"]).resolve().parents[3]
    fixture.make(folder, Path.cwd(), fixture.Interpreters(of_rules=of_rules, of_base=of_base))
    return folder


@pytest.fixture(scope="module")
def plain(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bazel]:
    """One build, with an output base of its own."""
    bazel = cloned(workspace, tmp_path_factory.mktemp("plain"), PLAIN)
    yield bazel
    bazel.stop()


@pytest.fixture(scope="module")
def hostile(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bazel]:
    """Another build, as different as can be."""
    scratch = tmp_path_factory.mktemp("hostile")
    surroundings = odd_surroundings(Path(os.environ["FAKETIME_LIBRARY"]), scratch)
    bazel = cloned(workspace, scratch, HOSTILE).within(surroundings)
    yield bazel
    bazel.stop()


@pytest.fixture(scope="module")
def digests(plain: Bazel) -> Digests:
    """What the first build made."""
    return plain.digests(fixture.IMAGES)


def test_builds_far_apart_are_equal(digests: Digests, hostile: Bazel) -> None:
    """Folder, output base, HOME, time zone, locale, umask, date, order of files, jobs and mode do not show."""
    assert set(digests) == {"//service:image.digest"}
    assert hostile.digests(fixture.IMAGES) == digests


def test_commit_of_documentation_changes_no_digest(digests: Digests, plain: Bazel) -> None:
    """Equal code has an equal image, whatever is said about it."""
    assert commit_documents(plain.folder) == 2
    assert plain.digests(fixture.IMAGES) == digests


def test_edit_changes_the_digest(digests: Digests, plain: Bazel) -> None:
    """A build that were not looked at would be equal too."""
    source = plain.folder / "service/__init__.py"
    before = source.read_text()
    source.write_text(before + "ONE = 1\n")
    assert plain.digests(fixture.IMAGES) != digests
    source.write_text(before)


@pytest.mark.parametrize("by", Sabotage)
def test_surroundings_are_noticed(plain: Bazel, hostile: Bazel, by: Sabotage) -> None:
    """The negative control: a packer that dates entries by the day, or by a folder's order, turns the proof red."""
    if by is Sabotage.ORDER and lists_the_last_first(plain.folder):
        pytest.skip("the disk of this machine lists files as memory does, so there is no other order")
    for bazel in (plain, hostile):
        sabotage(bazel.folder, by)
    assert hostile.digests(fixture.IMAGES) != plain.digests(fixture.IMAGES)

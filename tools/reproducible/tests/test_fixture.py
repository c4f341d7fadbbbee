"""Comparison of digests with a real Bazel, on the generated workspace."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.reproducible import fixture
from tools.reproducible.build_environment import lists_newest_first, varied_environment
from tools.reproducible.builds import Bazel, clone
from tools.reproducible.conditions import REFERENCE, VARIED
from tools.reproducible.documents import commit_documents
from tools.reproducible.negative_control import Nondeterminism, inject

Digests = dict[str, str]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the generated workspace."""
    folder = tmp_path_factory.mktemp("fixture")
    rules = Path(sys.executable).resolve().parents[2]
    base = Path(os.environ["BASE_PYTHON"]).resolve().parents[3]
    fixture.create(folder, Path.cwd(), fixture.Interpreters(rules=rules, base=base))
    return folder


@pytest.fixture(scope="module")
def reference(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bazel]:
    """Return a clone under the reference conditions."""
    bazel = clone(workspace, tmp_path_factory.mktemp("reference"), REFERENCE)
    yield bazel
    bazel.stop()


@pytest.fixture(scope="module")
def varied(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bazel]:
    """Return a clone under other conditions and in another build environment."""
    folder = tmp_path_factory.mktemp("varied")
    environment = varied_environment(Path(os.environ["FAKETIME_LIBRARY"]), folder)
    bazel = clone(workspace, folder, VARIED).in_environment(environment)
    yield bazel
    bazel.stop()


@pytest.fixture(scope="module")
def digests(reference: Bazel) -> Digests:
    """Return the digests of the reference build."""
    return reference.digests(fixture.IMAGES)


def test_digests_do_not_depend_on_conditions(digests: Digests, varied: Bazel) -> None:
    """Folder, output base, HOME, time zone, locale, umask, date, order of files, jobs and mode change no digest."""
    assert set(digests) == {"//service:image.digest"}
    assert varied.digests(fixture.IMAGES) == digests


def test_commit_of_documentation_changes_no_digest(digests: Digests, reference: Bazel) -> None:
    """A commit that changes only documentation changes no digest."""
    assert commit_documents(reference.folder) == 2
    assert reference.digests(fixture.IMAGES) == digests


def test_edit_changes_the_digest(digests: Digests, reference: Bazel) -> None:
    """An edit of the service changes its digest."""
    source = reference.folder / "service/__init__.py"
    before = source.read_text()
    source.write_text(before + "ONE = 1\n")
    assert reference.digests(fixture.IMAGES) != digests
    source.write_text(before)


@pytest.mark.parametrize("source", Nondeterminism)
def test_nondeterminism_changes_digests(reference: Bazel, varied: Bazel, source: Nondeterminism) -> None:
    """The negative control: modification times that depend on the day or the order of files change the digests."""
    if source is Nondeterminism.ORDER and lists_newest_first(reference.folder):
        pytest.skip("the file system lists files in the order of a tmpfs, so both builds have the same order")
    for bazel in (reference, varied):
        inject(bazel.folder, source)
    assert varied.digests(fixture.IMAGES) != reference.digests(fixture.IMAGES)

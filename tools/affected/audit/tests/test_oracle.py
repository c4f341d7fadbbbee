"""Digests of actions and files."""

import os
import pathlib
from typing import Any

from tools.affected.audit.oracle import ActionGraph, Contents

OUTPUT: dict[str, Any] = {
    "targets": [{"id": 1, "label": "//:generated"}, {"id": 2, "label": "//:user"}, {"id": 3, "label": "@x//:other"}],
    "actions": [
        {"targetId": 1, "mnemonic": "Make", "actionKey": "a", "inputDepSetIds": [1], "outputIds": [2]},
        {"targetId": 2, "mnemonic": "Use", "actionKey": "b", "inputDepSetIds": [2], "outputIds": [3]},
        {"targetId": 3, "mnemonic": "Use", "actionKey": "c", "outputIds": [4]},
    ],
    "pathFragments": [
        {"id": 1, "label": "lib"},
        {"id": 2, "label": "source", "parentId": 1},
        {"id": 3, "label": "generated", "parentId": 1},
        {"id": 4, "label": "used"},
        {"id": 5, "label": "other"},
    ],
    "artifacts": [{"id": number, "pathFragmentId": number + 1} for number in range(1, 5)],
    "depSetOfFiles": [
        {"id": 1, "directArtifactIds": [1]},
        {"id": 2, "directArtifactIds": [2], "transitiveDepSetIds": [1]},
    ],
}


def _graph(*contents: tuple[str, int]) -> ActionGraph:
    return ActionGraph(output=OUTPUT, content={"lib/source": 1, "loose": 2, **dict(contents)}.__getitem__)


def test_source_changes_every_dependent_action() -> None:
    """A source file changes the digests of direct and indirect users; other repositories are left out."""
    before, after = dict(_graph().by_label()), dict(_graph(("lib/source", 3)).by_label())
    assert set(before) == {"//:generated", "//:user"}
    assert all(before[label] != after[label] for label in before)


def test_digest_of_a_file() -> None:
    """A generated file has the digest of its action, a source file that of its content, a link that of its target."""
    before, after = _graph(), _graph(("lib/source", 3))
    for path, same in (("lib/generated", False), ("loose", True), ("link=loose", True), ("link=lib/source", False)):
        assert (before.file(path) == after.file(path)) is same
    assert before.file("link=loose") != before.file("loose")


def test_changed_content_is_read_again(tmp_path: pathlib.Path) -> None:
    """The digest of a path changes with its content and mode, that of a folder with its files."""
    contents, file = Contents(), tmp_path / "a"
    digests = [contents.digest(str(file))]
    for step in (
        lambda: file.write_text("x"),
        lambda: file.write_text("y"),
        lambda: file.chmod(0o755),
        lambda: os.replace(_written(tmp_path / "b", "z"), file),  # noqa: PTH105
    ):
        step()
        digests.append(contents.digest(str(file)))
    assert len(set(digests)) == 5
    assert contents.digest(str(file)) == digests[-1]
    folder = contents.digest(str(tmp_path))
    file.write_text("last")
    assert contents.digest(str(tmp_path)) != folder


def _written(file: pathlib.Path, text: str) -> pathlib.Path:
    file.write_text(text)
    return file

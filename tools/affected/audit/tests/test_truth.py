"""Digests of actions and files."""

import os
import pathlib
from typing import Any

from tools.affected.audit.truth import ActionGraph, Contents

ANSWER: dict[str, Any] = {
    "targets": [{"id": 1, "label": "//:made"}, {"id": 2, "label": "//:user"}, {"id": 3, "label": "@x//:other"}],
    "actions": [
        {"targetId": 1, "mnemonic": "Make", "actionKey": "a", "inputDepSetIds": [1], "outputIds": [2]},
        {"targetId": 2, "mnemonic": "Use", "actionKey": "b", "inputDepSetIds": [2], "outputIds": [3]},
        {"targetId": 3, "mnemonic": "Use", "actionKey": "c", "outputIds": [4]},
    ],
    "pathFragments": [
        {"id": 1, "label": "lib"},
        {"id": 2, "label": "source", "parentId": 1},
        {"id": 3, "label": "made", "parentId": 1},
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
    return ActionGraph(answer=ANSWER, content={"lib/source": 1, "loose": 2, **dict(contents)}.__getitem__)


def test_source_reaches_every_action_above_it() -> None:
    """Who reads a file, and who reads what is made of it, acts otherwise; other repositories are not told of."""
    before, after = dict(_graph().by_label()), dict(_graph(("lib/source", 3)).by_label())
    assert set(before) == {"//:made", "//:user"}
    assert all(before[label] != after[label] for label in before)


def test_file_is_known_by_its_path() -> None:
    """A made file has the digest of its action, a source that of its content, a link that of its end and its place."""
    before, after = _graph(), _graph(("lib/source", 3))
    for path, same in (("lib/made", False), ("loose", True), ("link=loose", True), ("link=lib/source", False)):
        assert (before.file(path) == after.file(path)) is same
    assert before.file("link=loose") != before.file("loose")


def test_content_is_read_again_when_the_file_is_another(tmp_path: pathlib.Path) -> None:
    """What is at the path counts, with its mode, and so do the files below a folder."""
    contents, file = Contents(), tmp_path / "a"
    seen = [contents.digest(str(file))]
    for step in (
        lambda: file.write_text("x"),
        lambda: file.write_text("y"),
        lambda: file.chmod(0o755),
        lambda: os.replace(_written(tmp_path / "b", "z"), file),  # noqa: PTH105
    ):
        step()
        seen.append(contents.digest(str(file)))
    assert len(set(seen)) == 5
    assert contents.digest(str(file)) == seen[-1]
    folder = contents.digest(str(tmp_path))
    file.write_text("last")
    assert contents.digest(str(tmp_path)) != folder


def _written(file: pathlib.Path, text: str) -> pathlib.Path:
    file.write_text(text)
    return file

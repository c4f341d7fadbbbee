"""Edits of one of several locks of a hub, through the command."""

import pytest

from tools.affected.tests.conftest import BELOW_LIB, LOCK, MODULE, Answers, Workspace

_OLD = "requirements/old_lock.txt"
_HUB = "@@_main~pip~pip//idna:pkg"
_WHEELS = {"linux": "@@_main~pip~idna_main//:pkg", "linux_old": "@@_main~pip~idna_old//:pkg"}
_MODULE = MODULE.replace(
    'requirements_lock = "//:requirements_lock.txt"',
    'requirements_by_platform = {"//:requirements_lock.txt": "linux", "//requirements:old_lock.txt": "linux_old"}',
)


@pytest.fixture(autouse=True)
def _on_tracks(workspace: Workspace) -> None:
    """Give the workspace two locks; everything that takes idna is on the track `old`."""
    workspace.write("MODULE.bazel", _MODULE)
    workspace.write(_OLD, LOCK)
    entries = [
        {"label": f"@@_main~pip~pip//_config:is_cp311_{platform}", "stringValue": wheel}
        for platform, wheel in _WHEELS.items()
    ]
    workspace.define(_WHEELS["linux_old"], rule="py_library", inputs=[])
    workspace.define(_HUB, inputs=[_WHEELS["linux_old"]], actual={"selectorList": {"elements": [{"entries": entries}]}})
    workspace.commit()


def test_a_bump_touches_what_is_on_the_track(workspace: Workspace, affected_by: Answers) -> None:
    """The lock of the track counts for its targets, and that of the main one does not."""
    workspace.write(_OLD, LOCK.replace("3.20", "3.19"))
    assert affected_by.labels() == BELOW_LIB
    assert "track old: idna 3.20 -> 3.19" in affected_by.talk
    workspace.write(_OLD, LOCK)
    workspace.write("requirements_lock.txt", LOCK.replace("3.20", "3.21"))
    assert affected_by.labels() == set()
    assert "track main: idna 3.20 -> 3.21" in affected_by.talk


def test_a_distribution_that_one_lock_gets_or_loses(workspace: Workspace, affected_by: Answers) -> None:
    """What BUILD files make of that difference is seeded, with what depends on it; the rest is not."""
    workspace.write(_OLD, LOCK + "zipp==4.0 \\\n    --hash=sha256:dd\n")
    assert affected_by.labels() == set()
    workspace.define("//other:other", tags=["has_zipp"])
    assert affected_by.labels() == {"//other:other"}
    workspace.commit()
    workspace.write(_OLD, LOCK)
    workspace.define("//other:other", tags=[])
    assert affected_by.labels() == {"//other:other"}


def test_a_distribution_more_beside_a_base_that_cannot_be_loaded(workspace: Workspace, affected_by: Answers) -> None:
    """Without the base's graph nothing is known to be defined as before."""
    whole = (workspace.folder / "graph.json").read_text()
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("graph.json", whole)
    workspace.write(_OLD, LOCK + "zipp==4.0 \\\n    --hash=sha256:dd\n")
    assert affected_by.scope() == "all"
    assert "the graphs cannot be compared" in affected_by.talk

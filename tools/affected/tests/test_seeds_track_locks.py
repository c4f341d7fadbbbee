"""Changes of one of several lock files of a hub, through the command line."""

import pytest

from tools.affected.tests.conftest import BELOW_LIB, LOCK, MODULE, CommandLine, Workspace

_OLD = "requirements/old_lock.txt"
_HUB = "@@_main~pip~pip//idna:pkg"
_WHEELS = {"linux": "@@_main~pip~idna_main//:pkg", "linux_old": "@@_main~pip~idna_old//:pkg"}
_MODULE = MODULE.replace(
    'requirements_lock = "//:requirements_lock.txt"',
    'requirements_by_platform = {"//:requirements_lock.txt": "linux", "//requirements:old_lock.txt": "linux_old"}',
)


@pytest.fixture(autouse=True)
def _on_tracks(workspace: Workspace) -> None:
    """Add a second lock file; all targets that depend on idna are on the track `old`."""
    workspace.write("MODULE.bazel", _MODULE)
    workspace.write(_OLD, LOCK)
    entries = [
        {"label": f"@@_main~pip~pip//_config:is_cp311_{platform}", "stringValue": wheel}
        for platform, wheel in _WHEELS.items()
    ]
    workspace.define(_WHEELS["linux_old"], rule="py_library", inputs=[])
    workspace.define(_HUB, inputs=[_WHEELS["linux_old"]], actual={"selectorList": {"elements": [{"entries": entries}]}})
    workspace.commit()


def test_bump_affects_targets_on_the_track(workspace: Workspace, affected_by: CommandLine) -> None:
    """A bump in the lock file of a track affects its targets, one in the main lock file does not."""
    workspace.write(_OLD, LOCK.replace("3.20", "3.19"))
    assert affected_by.labels() == BELOW_LIB
    assert "track old: idna 3.20 -> 3.19" in affected_by.stderr
    workspace.write(_OLD, LOCK)
    workspace.write("requirements_lock.txt", LOCK.replace("3.20", "3.21"))
    assert affected_by.labels() == set()
    assert "track main: idna 3.20 -> 3.21" in affected_by.stderr


def test_distribution_added_to_or_removed_from_one_lock(workspace: Workspace, affected_by: CommandLine) -> None:
    """Targets whose definition depends on the distributions of a track are seeds, others are not."""
    workspace.write(_OLD, LOCK + "zipp==4.0 \\\n    --hash=sha256:dd\n")
    assert affected_by.labels() == set()
    workspace.define("//other:other", tags=["has_zipp"])
    assert affected_by.labels() == {"//other:other"}
    workspace.commit()
    workspace.write(_OLD, LOCK)
    workspace.define("//other:other", tags=[])
    assert affected_by.labels() == {"//other:other"}


def test_added_distribution_with_a_broken_base(workspace: Workspace, affected_by: CommandLine) -> None:
    """If the base cannot be loaded to compare definitions, everything is affected."""
    whole = (workspace.folder / "graph.json").read_text()
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("graph.json", whole)
    workspace.write(_OLD, LOCK + "zipp==4.0 \\\n    --hash=sha256:dd\n")
    assert affected_by.scope() == "all"
    assert "the graphs cannot be compared" in affected_by.stderr

"""Targets on dependency tracks."""

from tools.affected import tracks
from tools.affected.module_file import ExtensionTag
from tools.affected.seeds.track_locks import track_of
from tools.affected.tracks import WheelRepository

_TAG = ExtensionTag(
    extension="pip",
    attributes={
        "requirements_by_platform": {
            "//:requirements_lock.txt": "linux_x86_64, osx_arm64",
            "//requirements:old_lock.txt": "linux_x86_64_old",
        }
    },
)
_LOCKS = tracks.lock_platforms(_TAG)
_MAIN, _OLD = "requirements_lock.txt", "requirements/old_lock.txt"
_WHEELS = {
    WheelRepository(repository="idna_main", platform="linux_x86_64"),
    WheelRepository(repository="idna_old", platform="linux_x86_64_old"),
}
_EDGES = {
    "@@pip//idna:pkg (1)": ("@@idna_main//:pkg (1)",),
    "@@pip//idna:pkg (2)": ("@@idna_old//:pkg (2)",),
    "@@//lib:lib (1)": ("@@pip//idna:pkg (1)",),
    "@@//lib:lib (2)": ("@@pip//idna:pkg (2)",),
    "@@//new:test (1)": ("@@//lib:lib (1)",),
    "@@//old:test (2)": ("@@//lib:lib (2)",),
}


def test_platforms_of_each_lock() -> None:
    """The lock files are found by path, each with its list of platforms."""
    assert _LOCKS == {_MAIN: ("linux_x86_64", "osx_arm64"), _OLD: ("linux_x86_64_old",)}


def test_lock_for_all_platforms() -> None:
    """`requirements_lock` is for all platforms."""
    tag = ExtensionTag(extension="pip", attributes={"requirements_lock": "//:requirements_lock.txt"})
    assert tracks.lock_platforms(tag) == {_MAIN: ("*",)}


def test_only_the_wheel_of_the_changed_lock_changes() -> None:
    """A wheel belongs to the lock file of the platform for which the hub selects it."""
    assert tracks.changed_repositories(_WHEELS, set(), _LOCKS, {_OLD}) == {"idna_old"}
    assert tracks.changed_repositories(_WHEELS, set(), _LOCKS, {_MAIN, _OLD}) == {"idna_main", "idna_old"}


def test_shared_wheel_changes_with_each_lock() -> None:
    """A repository that two tracks share changes with either lock file."""
    shared = {WheelRepository(repository="idna", platform=each.platform) for each in _WHEELS}
    assert tracks.changed_repositories(shared, set(), _LOCKS, {_OLD}) == {"idna"}


def test_wheel_for_an_unknown_platform_changes() -> None:
    """A wheel for a platform that no lock file lists may have changed."""
    for platform in ("windows_x86_64", None):
        wheels = {WheelRepository(repository="idna", platform=platform)}
        assert tracks.changed_repositories(wheels, set(), _LOCKS, {_OLD}) == {"idna"}


def test_renamed_repository_changes() -> None:
    """A repository that the hub did not select before may have changed."""
    before = {WheelRepository(repository="idna_shared", platform=each.platform) for each in _WHEELS}
    assert tracks.changed_repositories(_WHEELS, before, _LOCKS, {_OLD}) == {"idna_main", "idna_old"}


def test_configuration_decides() -> None:
    """A library that is built on both tracks is affected, the test on the other track is not."""
    found = tracks.affected_labels(_EDGES, {"idna_old"})
    assert {label for label in found if label.startswith("//")} == {"//lib:lib", "//old:test"}
    assert found["//old:test"] == ("@@idna_old//:pkg", "@@pip//idna:pkg", "//lib:lib", "//old:test")


def test_target_that_is_not_analysed() -> None:
    """A target without a known configuration is affected if one of its dependencies is."""
    rules = {"//svc:push": ("//old:test",), "//svc:all": ("//svc:push",), "//new:test": ("//lib:lib",), "//a:a": ()}
    found = tracks.with_unanalysed(
        tracks.affected_labels(_EDGES, {"idna_old"}), tracks.analysed_labels(_EDGES), rules, []
    )
    assert set(found) == {"//lib:lib", "//old:test", "//svc:push", "//svc:all"}
    direct = tracks.with_unanalysed({}, set(), {"//a:a": ("@@pip//idna:pkg",)}, ["@@pip//idna:pkg"])
    assert set(direct) == {"//a:a"}


def test_track_of_a_lock() -> None:
    """The name of a track is that of its lock file, or `main`."""
    assert (track_of(_MAIN), track_of(_OLD), track_of("a/b.txt")) == ("main", "old", "a/b.txt")

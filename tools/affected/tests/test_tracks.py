"""A change of one of several locks of a hub."""

from tools.affected import tracks
from tools.affected.module_file import Use
from tools.affected.seeds.track_locks import track_of
from tools.affected.tracks import Choice

_USE = Use(
    extension="pip",
    words={
        "requirements_by_platform": {
            "//:requirements_lock.txt": "linux_x86_64, osx_arm64",
            "//requirements:old_lock.txt": "linux_x86_64_old",
        }
    },
)
_LOCKS = tracks.locks_of(_USE)
_MAIN, _OLD = "requirements_lock.txt", "requirements/old_lock.txt"
_FOUND = {
    Choice(repository="idna_main", platform="linux_x86_64"),
    Choice(repository="idna_old", platform="linux_x86_64_old"),
}
_EDGES = {
    "@@pip//idna:pkg (1)": ("@@idna_main//:pkg (1)",),
    "@@pip//idna:pkg (2)": ("@@idna_old//:pkg (2)",),
    "@@//lib:lib (1)": ("@@pip//idna:pkg (1)",),
    "@@//lib:lib (2)": ("@@pip//idna:pkg (2)",),
    "@@//new:test (1)": ("@@//lib:lib (1)",),
    "@@//old:test (2)": ("@@//lib:lib (2)",),
}


def test_each_lock_has_its_platforms() -> None:
    """Labels are paths, and a list of platforms is separated by commas."""
    assert _LOCKS == {_MAIN: ("linux_x86_64", "osx_arm64"), _OLD: ("linux_x86_64_old",)}


def test_a_lock_for_all_platforms_is_one() -> None:
    """`requirements_lock` beside others is for what they do not name."""
    use = Use(extension="pip", words={"requirements_lock": "//:requirements_lock.txt"})
    assert tracks.locks_of(use) == {_MAIN: ("*",)}


def test_only_the_wheel_of_the_changed_lock_is_touched() -> None:
    """The platform that the hub chooses a wheel for tells whose it is."""
    assert tracks.touched(_FOUND, set(), _LOCKS, {_OLD}) == {"idna_old"}
    assert tracks.touched(_FOUND, set(), _LOCKS, {_MAIN, _OLD}) == {"idna_main", "idna_old"}


def test_a_shared_wheel_is_touched_by_each_lock() -> None:
    """One repository for two tracks changes when either of them does."""
    shared = {Choice(repository="idna", platform=each.platform) for each in _FOUND}
    assert tracks.touched(shared, set(), _LOCKS, {_OLD}) == {"idna"}


def test_a_wheel_of_an_unknown_platform_is_touched() -> None:
    """What is not known to be spared is not spared."""
    for platform in ("windows_x86_64", None):
        found = {Choice(repository="idna", platform=platform)}
        assert tracks.touched(found, set(), _LOCKS, {_OLD}) == {"idna"}


def test_a_repository_with_another_name_is_touched() -> None:
    """rules_python renames the main track's repository where tracks begin to differ."""
    before = {Choice(repository="idna_shared", platform=each.platform) for each in _FOUND}
    assert tracks.touched(_FOUND, before, _LOCKS, {_OLD}) == {"idna_main", "idna_old"}


def test_what_takes_the_wheel_in_its_configuration_is_reached() -> None:
    """A library is reached on the track, and the test of the other track is not."""
    found = tracks.ways(_EDGES, {"idna_old"})
    assert {label for label in found if label.startswith("//")} == {"//lib:lib", "//old:test"}
    assert found["//old:test"] == ("@@idna_old//:pkg", "@@pip//idna:pkg", "//lib:lib", "//old:test")


def test_a_target_that_is_not_analysed_counts_as_reached() -> None:
    """A manual target has no configuration that is known, so that one reached target below it is enough."""
    takes = {"//svc:push": ("//old:test",), "//svc:all": ("//svc:push",), "//new:test": ("//lib:lib",), "//a:a": ()}
    found = tracks.with_unanalysed(tracks.ways(_EDGES, {"idna_old"}), tracks.analysed(_EDGES), takes, [])
    assert set(found) == {"//lib:lib", "//old:test", "//svc:push", "//svc:all"}
    direct = tracks.with_unanalysed({}, set(), {"//a:a": ("@@pip//idna:pkg",)}, ["@@pip//idna:pkg"])
    assert set(direct) == {"//a:a"}


def test_a_lock_names_its_track() -> None:
    """The reason says the name that people give the track."""
    assert (track_of(_MAIN), track_of(_OLD), track_of("a/b.txt")) == ("main", "old", "a/b.txt")

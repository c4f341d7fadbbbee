"""The values of MODULE.bazel's calls."""

from tools.affected import module_file, module_values
from tools.affected.module_values import Unreadable

_TRACKS = b"""
TRACKS = ["old"]
PLATFORMS = [("linux", "x86_64"), ("osx", "arm64")]
[pip.default(platform = "{}_{}_{}".format(os, cpu, track)) for track in TRACKS for os, cpu in PLATFORMS]
pip.parse(
    requirements_by_platform = {"//:requirements_lock.txt": "linux_x86_64"} | {
        "//requirements:{}_lock.txt".format(track): ",".join([os + "_" + cpu for os, cpu in PLATFORMS])
        for track in TRACKS
    },
)
"""


def test_comprehensions_are_carried_out() -> None:
    """A comprehension of calls is as many calls; one in an argument is a value."""
    *defaults, parse = module_values.calls(_TRACKS)
    assert [call.words["platform"] for call in defaults] == ["linux_x86_64_old", "osx_arm64_old"]
    assert parse.words["requirements_by_platform"] == {
        "//:requirements_lock.txt": "linux_x86_64",
        "//requirements:old_lock.txt": "linux_x86_64,osx_arm64",
    }


def test_a_lock_that_a_comprehension_names_is_found() -> None:
    """The paths are those of the values, though they stand nowhere as they are."""
    assert "requirements/old_lock.txt" in module_file.read_by({"MODULE.bazel": _TRACKS}.get)


def test_what_is_not_read_is_said() -> None:
    """A value of another kind is known to be unknown, wherever it comes from."""
    text = b"a = f()\npip.parse(requirements_lock = a)\n[pip.parse(hub_name = x) for x in a]"
    first, second = module_values.calls(text)
    assert first.words == {"requirements_lock": Unreadable()}
    assert second.words == {"hub_name": Unreadable()}
    assert module_file.is_unclear(text)
    assert not module_file.is_unclear(_TRACKS)

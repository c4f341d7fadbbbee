"""Values of arguments in MODULE.bazel."""

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


def test_comprehensions_are_evaluated() -> None:
    """A comprehension of calls yields one call for each element; in an argument it yields a value."""
    *defaults, parse = module_values.calls(_TRACKS)
    assert [call.keywords["platform"] for call in defaults] == ["linux_x86_64_old", "osx_arm64_old"]
    assert parse.keywords["requirements_by_platform"] == {
        "//:requirements_lock.txt": "linux_x86_64",
        "//requirements:old_lock.txt": "linux_x86_64,osx_arm64",
    }


def test_a_lock_that_a_comprehension_names_is_found() -> None:
    """A path that a comprehension computes is found, though the file does not contain it literally."""
    assert "requirements/old_lock.txt" in module_file.referenced_files({"MODULE.bazel": _TRACKS}.get)


def test_other_expressions_are_unreadable() -> None:
    """A value that cannot be evaluated is marked as unreadable, also in a comprehension over it."""
    text = b"a = f()\npip.parse(requirements_lock = a)\n[pip.parse(hub_name = x) for x in a]"
    first, second = module_values.calls(text)
    assert first.keywords == {"requirements_lock": Unreadable()}
    assert second.keywords == {"hub_name": Unreadable()}
    assert module_file.has_unreadable_locks(text)
    assert not module_file.has_unreadable_locks(_TRACKS)

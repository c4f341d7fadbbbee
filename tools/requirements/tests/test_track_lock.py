"""A track's lock has the lines of the main lock for equal pins."""

from tools.requirements.comparison import difference_table
from tools.requirements.track_lock import own_pins, preferences, with_main_blocks

_MAIN = """\
# Made by uv.
app==1.0 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via -r requirements.in
    # sha256:{a} app-1.0-py3-none-any.whl
base==2.0 ; sys_platform != 'emscripten' \\
    --hash=sha256:{b}
    # via app
""".format(a="a" * 64, b="b" * 64)


def test_a_marker_that_means_the_same_on_our_platforms_is_that_of_the_main_lock() -> None:
    """Markers that differ only on platforms that are not used here count as equal; uv resolves for those too."""
    track = _MAIN.replace("sys_platform != 'emscripten'", "python_full_version < '3.15'").replace(
        "base==", "base==1.0 ; python_full_version >= '3.15' \\\n    --hash=sha256:cc\nbase=="
    )
    assert with_main_blocks(track, _MAIN) == _MAIN


def test_files_of_the_same_version_are_those_of_the_main_lock() -> None:
    """Wheels that were added to the index since the main lock was made do not lead to a second repository."""
    track = _MAIN.replace("    --hash=sha256:" + "a" * 64, "    --hash=sha256:" + "d" * 64)
    assert with_main_blocks(track, _MAIN) == _MAIN


def test_what_a_pin_is_for_is_said_for_the_track() -> None:
    """The `via` comments stay those of the track's own resolution."""
    track = _MAIN.replace("via app", "via -r requirements/old.in")
    assert with_main_blocks(track, _MAIN) == track


def test_another_version_marker_or_extra_stays() -> None:
    """A pin that differs on one of our platforms keeps the track's lines."""
    for old, new in [("base==2.0", "base==1.0"), ("!= 'emscripten'", "== 'linux'"), ("app==1.0", "app[x]==1.0")]:
        track = _MAIN.replace(old, new)
        assert with_main_blocks(track, _MAIN) == track
        assert len(own_pins(track, _MAIN)) == 1


def test_the_main_lock_comes_before_the_tracks_own_pins() -> None:
    """Uv uses the first preference that fits, so a track differs from the main lock only where necessary."""
    track = _MAIN.replace("base==2.0", "base==1.0")
    versions = [line.partition(" ")[0] for line in preferences(_MAIN, track).splitlines() if "==" in line[:8]]
    assert versions == ["app==1.0", "base==2.0", "base==1.0"]


def test_the_table_has_what_differs_and_what_only_one_has() -> None:
    """Equal distributions are left out; without a difference there is no table."""
    track = _MAIN.replace("base==2.0 ;", "base==1.0 ;") + "more==3.0\n"
    assert difference_table({"main": _MAIN, "old": track}).splitlines() == [
        "distribution  main                               old",
        'base          2.0; sys_platform != "emscripten"  1.0; sys_platform != "emscripten"',
        "more          -                                  3.0",
    ]
    assert difference_table({"main": _MAIN, "old": _MAIN}) == ""

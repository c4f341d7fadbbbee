"""Reading and writing the lock as text."""

from tools.requirements.lockfile import read_lock, read_requirements, with_file_names

_A = "a" * 64
_B = "b" * 64
_TEXT = f"""\
# made by a tool
sqlalchemy[asyncio]==2.1.9 ; sys_platform == 'linux' \\
    --hash=sha256:{_A} \\
    --hash=sha256:{_B}
    # via
    #   -r requirements.in
    #   alembic
zxcvbn==4.5.0 \\
    --hash=sha256:{_B}
    # via -r requirements.in
"""


def test_a_pin_has_name_extras_version_marker_and_hashes() -> None:
    """All that uv writes about a distribution is read."""
    pin = read_lock(_TEXT)["sqlalchemy"]  # type: ignore[index]
    assert pin.version == "2.1.9"
    assert pin.requirement.extras == {"asyncio"}
    assert str(pin.requirement.marker) == 'sys_platform == "linux"'
    assert pin.hashes == {_A, _B}


def test_of_two_versions_of_a_name_the_one_for_linux_is_read() -> None:
    """A distribution is pinned twice where its version depends on the Python or the platform."""
    here, elsewhere = "python_full_version < '3.12'", "sys_platform == 'win32'"
    for markers in ([here, elsewhere], [elsewhere, here]):
        text = "".join(
            f"deprecated=={marker == here:d}.0 ; {marker} \\\n    --hash=sha256:{_A}\n" for marker in markers
        )
        pin = read_lock(text)["deprecated"]  # type: ignore[index]
        assert (pin.version, pin.is_for_linux) == ("1.0", True)


def test_parents_are_read_in_both_forms() -> None:
    """The resolver writes one parent behind `via` and several below it."""
    lock = {str(name): pin for name, pin in read_lock(_TEXT).items()}
    assert lock["sqlalchemy"].parents == {"-r requirements.in", "alembic"}
    assert lock["zxcvbn"].parents == {"-r requirements.in"}


def test_file_names_are_added_to_the_pins_that_own_them() -> None:
    """A name goes below the pin whose hash it belongs to, and nowhere else."""
    named = with_file_names(_TEXT, {_A: "sqlalchemy-2.1.9-py3-none-any.whl"})
    lock = {str(name): pin for name, pin in read_lock(named).items()}
    assert lock["sqlalchemy"].files == {_A: "sqlalchemy-2.1.9-py3-none-any.whl"}
    assert not lock["zxcvbn"].files


def test_naming_files_twice_changes_nothing() -> None:
    """An update of an up-to-date lock does not change its bytes."""
    names = {_A: "sqlalchemy-2.1.9-py3-none-any.whl"}
    named = with_file_names(_TEXT, names)
    assert with_file_names(named, names) == named


def test_file_names_are_no_parents() -> None:
    """The comment with a file name is not read as a distribution that requires the pin."""
    named = with_file_names(_TEXT, {_B: "zxcvbn-4.5.0-py3-none-any.whl"})
    assert all("sha256" not in parent for pin in read_lock(named).values() for parent in pin.parents)


def test_requirements_may_have_comments_and_empty_lines() -> None:
    """requirements.in is written by people, in sections."""
    text = "# What the services run on.\nfastapi>=0.165  # not pinned\n\nuvicorn[standard]\n"
    assert [str(line) for line in read_requirements(text)] == [
        "fastapi>=0.165",
        "uvicorn[standard]",
    ]

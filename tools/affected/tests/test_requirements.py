"""Comparison of lock files."""

from tools.affected import requirements
from tools.affected.tests.conftest import LOCK


def describe(after: str) -> list[str]:
    """Return the descriptions of the changes from LOCK."""
    return requirements.diff(LOCK, after).descriptions()


def test_comments_and_order_are_ignored() -> None:
    """Comments and the order of distributions are not compared."""
    blocks = LOCK.replace("# via anyio", "# via httpx").split("idna")
    assert describe(f"# Made by uv.\nidna{blocks[1]}{blocks[0]}") == []


def test_new_version() -> None:
    """The description has the old and the new version."""
    assert describe(LOCK.replace("3.20", "3.21")) == ["idna 3.20 -> 3.21"]


def test_new_hash() -> None:
    """Other hashes of the same version are a change."""
    assert describe(LOCK.replace("sha256:cc", "sha256:dd")) == ["idna 3.20 with other files"]


def test_new_name_of_a_file() -> None:
    """A comment that names the wheel of a hash is compared, because it decides which wheel is used."""
    named = LOCK.replace("# via anyio", f"# via anyio\n    # sha256:{'c' * 64} idna-3.20-py3-none-any.whl")
    assert requirements.diff(named, LOCK).descriptions() == ["idna 3.20 with other files"]
    assert requirements.diff(named, named.replace("# via anyio", "# via httpx")).descriptions() == []


def test_new_marker() -> None:
    """A marker is compared, because it decides which platforms have the distribution."""
    assert describe(LOCK.replace("idna==3.20", "idna==3.20 ; sys_platform == 'linux'")) == [
        "idna 3.20 with other markers"
    ]


def test_added_and_removed() -> None:
    """Added and removed distributions are found, by their normalised names."""
    diff = requirements.diff(LOCK, LOCK.replace("idna==3.20", "Zope.Interface==1.0"))
    assert (diff.changed, diff.removed) == (["zope_interface"], ["idna"])
    assert diff.descriptions() == ["zope_interface 1.0 added", "idna 3.20 removed"]


def test_new_option() -> None:
    """A line with an option is no pin, and a change of it is found."""
    assert requirements.diff(LOCK, "--no-binary :all:\n" + LOCK).options_differ


def test_extras_belong_to_the_requirement() -> None:
    """An extra is part of the pin and not of the label."""
    pins = requirements.parse("sqlalchemy[asyncio]==2.1.9 --hash=sha256:aa\n").pins
    assert list(pins) == ["sqlalchemy"]
    assert pins["sqlalchemy"] != requirements.parse("sqlalchemy==2.1.9 --hash=sha256:aa\n").pins["sqlalchemy"]


def test_several_pins_of_one_name_are_compared() -> None:
    """A distribution with a pin for each platform changed if one of the pins did; their order is ignored."""
    linux = "idna==3.20 ; sys_platform == 'linux' \\\n    --hash=sha256:aa\n"
    macos = "idna==3.18 ; sys_platform == 'darwin' \\\n    --hash=sha256:bb\n"
    bumped = linux.replace("3.20", "3.21")
    assert requirements.diff(linux + macos, macos + linux).descriptions() == []
    assert requirements.diff(linux + macos, bumped + macos).descriptions() == ["idna 3.18, 3.20 -> 3.18, 3.21"]


def test_new_name_of_a_file_for_one_of_several_pins() -> None:
    """A comment that names a wheel belongs to the pin above it."""
    name = f"    # sha256:{'a' * 64} idna-3.20-py3-none-any.whl\n"
    first = f"idna==3.20 ; sys_platform == 'linux' --hash=sha256:{'a' * 64}\n"
    second = "idna==3.18 ; sys_platform == 'darwin' --hash=sha256:bb\n"
    assert requirements.diff(first + name + second, first + second).changed == ["idna"]

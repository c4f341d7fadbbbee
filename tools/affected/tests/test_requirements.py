"""Locks compared as pip reads them."""

from tools.affected import requirements
from tools.affected.tests.conftest import LOCK


def describe(after: str) -> list[str]:
    """Describe the changes from the usual lock."""
    return requirements.difference(LOCK, after).described()


def test_comments_and_order_mean_nothing() -> None:
    """What uv writes for people is not compared."""
    blocks = LOCK.replace("# via anyio", "# via httpx").split("idna")
    assert describe(f"# Made by uv.\nidna{blocks[1]}{blocks[0]}") == []


def test_version_is_told() -> None:
    """Old and new version are named."""
    assert describe(LOCK.replace("3.20", "3.21")) == ["idna 3.20 -> 3.21"]


def test_hash_alone_counts() -> None:
    """Other files of the same version are another distribution."""
    assert describe(LOCK.replace("sha256:cc", "sha256:dd")) == ["idna 3.20 has other files"]


def test_file_of_a_hash_counts() -> None:
    """A comment that names the wheel of a hash decides which wheel is taken."""
    named = LOCK.replace("# via anyio", f"# via anyio\n    # sha256:{'c' * 64} idna-3.20-py3-none-any.whl")
    assert requirements.difference(named, LOCK).described() == ["idna 3.20 has other files"]
    assert requirements.difference(named, named.replace("# via anyio", "# via httpx")).described() == []


def test_marker_alone_counts() -> None:
    """A marker decides on which platforms it is there."""
    assert describe(LOCK.replace("idna==3.20", "idna==3.20 ; sys_platform == 'linux'")) == [
        "idna 3.20 has other markers"
    ]


def test_new_and_gone() -> None:
    """Both directions are seen; names are normalised."""
    difference = requirements.difference(LOCK, LOCK.replace("idna==3.20", "Zope.Interface==1.0"))
    assert (difference.changed, difference.gone) == (["zope_interface"], ["idna"])
    assert difference.described() == ["zope_interface 1.0 is new", "idna 3.20 is gone"]


def test_option_counts() -> None:
    """An index line is no pin."""
    assert requirements.difference(LOCK, "--no-binary :all:\n" + LOCK).options_differ


def test_extras_belong_to_the_requirement() -> None:
    """Another extra is another set of dependencies, of the same label."""
    pins = requirements.parse("sqlalchemy[asyncio]==2.1.9 --hash=sha256:aa\n").pins
    assert list(pins) == ["sqlalchemy"]
    assert pins["sqlalchemy"] != requirements.parse("sqlalchemy==2.1.9 --hash=sha256:aa\n").pins["sqlalchemy"]


def test_several_pins_of_one_name_are_compared() -> None:
    """A name that is pinned once for each platform differs when any of its pins does, in whatever order they stand."""
    linux = "idna==3.20 ; sys_platform == 'linux' \\\n    --hash=sha256:aa\n"
    macos = "idna==3.18 ; sys_platform == 'darwin' \\\n    --hash=sha256:bb\n"
    bumped = linux.replace("3.20", "3.21")
    assert requirements.difference(linux + macos, macos + linux).described() == []
    assert requirements.difference(linux + macos, bumped + macos).described() == ["idna 3.18, 3.20 -> 3.18, 3.21"]


def test_file_of_a_hash_counts_for_each_pin_of_a_name() -> None:
    """A comment belongs to the pin that it stands below."""
    name = f"    # sha256:{'a' * 64} idna-3.20-py3-none-any.whl\n"
    first = f"idna==3.20 ; sys_platform == 'linux' --hash=sha256:{'a' * 64}\n"
    second = "idna==3.18 ; sys_platform == 'darwin' --hash=sha256:bb\n"
    assert requirements.difference(first + name + second, first + second).changed == ["idna"]

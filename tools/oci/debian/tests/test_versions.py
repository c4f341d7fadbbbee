"""The order of Debian versions, tested with the cases of Debian Policy and of this repository's lock."""

import pytest

from tools.oci.debian.versions import newest, sort_key


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+b"),
        ("2.0", "1:1.0"),
        ("1.0-1", "1.0-2"),
        ("3.11.2-6+deb12u8", "3.11.2-6+deb12u9"),
        ("3.0.20-1~deb12u2", "3.0.22-1~deb12u2"),
        ("20230311+deb12u1", "20250419~deb12u2"),
    ],
)
def test_older_sorts_before_newer(older: str, newer: str) -> None:
    """The order of two versions is that of dpkg."""
    assert sort_key(older) < sort_key(newer)
    assert newest([newer, older]) == newer


def test_missing_revision_is_the_lowest() -> None:
    """A version without a revision is not newer than the same with one."""
    assert sort_key("1.0") < sort_key("1.0-1")

"""Comparison of Starlark and rc files."""

import pytest

from tools.affected import starlark

FILE = b'"""Doc."""\n\nload(":a.bzl", "a")\n\ndef f(name):\n    """Does."""\n    a(name = name, deps = ["x"])\n'


@pytest.mark.parametrize(
    "after",
    [
        FILE.replace(b"\n\ndef", b"\n\n# Why.\ndef"),
        FILE.replace(b'"""Doc."""', b'"""Other."""'),
        FILE.replace(b'"""Does."""', b'"""Does it."""'),
        FILE.replace(b'["x"]', b"[\n        'x',\n    ]"),
    ],
)
def test_equivalent_files(after: bytes) -> None:
    """Comments, docstrings, quotes and line breaks are ignored."""
    assert after != FILE
    assert starlark.is_equivalent(FILE, after)


@pytest.mark.parametrize(
    "after",
    [
        FILE.replace(b'"x"', b'"y"'),
        FILE.replace(b"deps", b"srcs"),
        FILE + b"f(name = 1)\n",
        FILE.replace(b'"""Does."""\n    a(', b"return\n    a("),
        b"def broken(:\n",
    ],
)
def test_different_files(after: bytes) -> None:
    """All other edits are found, and a file that cannot be parsed is different."""
    assert not starlark.is_equivalent(FILE, after)


def test_string_that_only_looks_like_a_docstring() -> None:
    """A string in an expression is compared."""
    assert not starlark.is_equivalent(b'x = """a"""\n', b'x = """b"""\n')


def test_options_are_compared_without_comments() -> None:
    """In an rc file comments, spaces and line continuations are ignored; options and their order are compared."""
    before = b"# Why.\nbuild --a --b\n\ntest --c\n"
    assert starlark.same_options(before, b"build   --a \\\n  --b # here\ntest --c\n")
    assert not starlark.same_options(before, b"build --b --a\ntest --c\n")
    assert not starlark.same_options(before, b"build --a --b\n")

"""Retired names are found in code and ignored in prose."""

import pytest

from tools.docs.retired_names import parse_retired_names, retired_names_in

_RETIRED = {"OldName": "NewName", "old_module": "new_module"}


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("libs/a.py", "class OldName:\n    pass\n", 1),
        ("libs/a.py", "\nx = b.OldName\n", 2),
        ("libs/a.py", "def f(OldName):\n    pass\n", 1),
        ("libs/a.py", "from libs.old_module import b\n", 1),
        ("libs/a.py", 'def f():\n    """Return one.\n\n    See `OldName(1)`.\n    """\n', 4),
        ("libs/a.py", "x = 1  # as `OldName`\n", 1),
        ("libs/old_module.py", "", 1),
        ("docs/a.md", "one\ntwo `OldName.x`\n", 2),
        ("docs/a.md", "```py\nx\nOldName\n```\n", 3),
        ("docs/a.md", "| a |\n|---|\n| `OldName` |\n", 3),
    ],
)
def test_uses_are_found(path: str, text: str, line: int) -> None:
    """Identifiers, module names, inline code and code blocks are found, with line and replacement."""
    (finding,) = retired_names_in(path, text, _RETIRED)
    assert str(finding).startswith(f"{path}:{line}: ")
    assert str(finding).endswith((" is a retired name; use NewName", " is a retired name; use new_module"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("libs/a.py", "class OldNames:\n    oldname = 'OldName'\n"),
        ("libs/a.py", "# OldName in prose\n"),
        ("docs/a.md", "OldName in prose, `NewName` in code.\n"),
        ("docs/old_module.md", ""),
    ],
)
def test_other_words_are_left_alone(path: str, text: str) -> None:
    """Longer names, strings and prose are ignored."""
    assert retired_names_in(path, text, _RETIRED) == []


def test_list_of_names_is_parsed() -> None:
    """Each line has a name and its replacement; comments and empty lines are skipped."""
    assert parse_retired_names("# why\n\nOldName NewName  # since\n") == {"OldName": "NewName"}


@pytest.mark.parametrize("text", ["OldName\n", "OldName New Name\n", "OldName A\nOldName B\n"])
def test_list_with_a_wrong_line_is_an_error(text: str) -> None:
    """A line without exactly one replacement and a repeated name are errors with the line's number."""
    with pytest.raises(ValueError, match=r"line [12]: "):
        parse_retired_names(text)

"""Exactly the commands in shell blocks are found."""

from tools.docs.commands import commands_of

MARKDOWN = """\
Text with ./not-a-command.

```sh
./bazelw run //:dev          # both services up, Ctrl-C stops them
# a comment of its own
./bazelw test //...
```

```
shown, not typed
```

```python
print("sh")
```
"""


def test_only_sh_blocks_hold_commands() -> None:
    """Lines of other blocks and prose are not commands."""
    assert [command.text for command in commands_of(MARKDOWN, document="x.md")] == [
        "./bazelw run //:dev",
        "./bazelw test //...",
    ]


def test_talk_of_ctrl_c_marks_a_server() -> None:
    """The comment behind a command says whether it serves."""
    assert [command.serves for command in commands_of(MARKDOWN, document="x.md")] == [True, False]


def test_a_command_says_where_it_stands() -> None:
    """A failure can be traced to its line."""
    assert str(commands_of(MARKDOWN, document="x.md")[1]) == "x.md:6: ./bazelw test //..."


def test_a_hash_inside_a_command_is_kept() -> None:
    """A hash starts a comment only after two spaces."""
    assert commands_of("```sh\necho 'a #b' x#y\n```\n", document="x.md")[0].text == "echo 'a #b' x#y"

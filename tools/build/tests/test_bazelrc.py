"""The options of .bazelrc."""

import re
from pathlib import Path


def test_commands_have_the_same_analysis() -> None:
    """Only options for running tests are set for one command; others would discard the analysis between commands.

    `coverage` is left out, because it has an analysis of its own in any case.
    """
    lines = re.findall(r"^(test|run|query|cquery|aquery) (--\S+)", Path(".bazelrc").read_text(), re.MULTILINE)
    assert lines
    assert [line for line in lines if not line[1].startswith("--test_")] == []

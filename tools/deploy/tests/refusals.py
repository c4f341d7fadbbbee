"""Support for tests of refused commands."""

import pytest

from tools.deploy.testing import DeployWorkspace


def refusal(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the sentence of a command that is refused and changes nothing."""
    files = workspace.files()
    capsys.readouterr()
    assert workspace.run(*arguments) == 1
    assert workspace.files() == files
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")

"""The command line, also of a command that `bazel run` has not started."""

import pytest

from tools.deploy.commands import run
from tools.deploy.options import parse
from tools.deploy.testing import MOMENT


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` without a command prints the commands of //deploy."""
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(f"bazel run //deploy:{command}" in said for command in ("plan", "apply", "promote"))


@pytest.mark.parametrize("arguments", [[], ["destroy"], ["--env", "staging"]])
def test_a_missing_or_unknown_command_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """The exit code is 2, and the usage names the commands."""
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "{plan,apply,promote}" in capsys.readouterr().err


def test_a_command_outside_of_bazel_run_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the command that starts it."""
    monkeypatch.delenv("CRANE")
    with pytest.raises(SystemExit) as ended:
        run(["plan", "--env", "staging"], now=lambda: MOMENT)
    assert ended.value.code == "error: CRANE is not set: start this program by `bazel run //deploy:plan`"

"""Programs that are started without `bazel run` print their help, or one sentence."""

import os
import subprocess
from pathlib import Path

import pytest

VARIABLES = {
    "tools/airgap/conformance": ("BUILD_WORKSPACE_DIRECTORY", "bazel run //tools/airgap:conformance"),
    "tools/docs/docs": ("BUILD_WORKSPACE_DIRECTORY", "bazel run //tools/docs"),
    "tools/oci/registry/registry": ("DOCKER_REGISTRY", "bazel run //tools/oci:registry"),
    "tools/reproducible/reproducible": ("FAKETIME_LIBRARY", "bazel run //tools/reproducible"),
}
"""By program, the variable that it needs and the command that sets it."""

HELP = [*VARIABLES, "tools/locks/available"]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program without the variables of `bazel run`."""
    given = {variable for variable, _ in VARIABLES.values()}
    environment = {name: value for name, value in os.environ.items() if name not in given}
    command = [str(Path(program).absolute()), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("program", HELP)
def test_help_needs_no_variable(program: str) -> None:
    """`--help` prints the help."""
    done = run(program, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")


@pytest.mark.parametrize("program", VARIABLES)
def test_a_missing_variable_is_one_sentence(program: str) -> None:
    """The sentence names the variable and the command that sets it."""
    variable, command = VARIABLES[program]
    done = run(program)
    assert done.returncode == 1
    assert done.stderr == f"error: {variable} is not set: start this program by `{command}`\n"

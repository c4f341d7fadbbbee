"""Environment variables that `bazel run` sets: BUILD_WORKSPACE_DIRECTORY, and those in `env` of a target."""

import os
import sys
from pathlib import Path


def path_from_bazel(variable: str, command: str) -> Path:
    """Return the path in an environment variable that `bazel run` sets.

    Programs call it after they have parsed their arguments, so that `--help` always works. If the variable is not set,
    the program ends with exit code 1 and one sentence on stderr.

    Args:
        variable: name of the variable.
        command: the command that sets it, for example `bazel run //tools/docs`.
    """
    value = os.environ.get(variable)
    if not value:
        sys.exit(f"error: {variable} is not set: start this program by `{command}`")
    return Path(value)

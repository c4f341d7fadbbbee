"""Running a service from a developer's checkout, whose path `bazel run` passes in the environment."""

import os
import subprocess
import sys

from libs.web.errors import StartupError


def run_command(module: str, command: str, **settings: str) -> None:
    """Run another command of the service `module` in a child process.

    So this process does not import the modules that only the other command needs.

    Raises:
        StartupError: the command failed; it has printed the reason.
    """
    environment = {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    arguments = [sys.executable, "-m", module, command]
    if subprocess.run(arguments, env=environment, check=False).returncode != 0:
        raise StartupError(f"`{command}` failed")

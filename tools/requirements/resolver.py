"""Runs the locked uv to resolve requirements files for every platform at once."""

import os
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tools.requirements.lockfile import with_file_names
from tools.requirements.uv_program import reason, run_uv
from tools.requirements.wheels import fitting

_FLAGS = (
    "--generate-hashes",
    "--no-strip-extras",
    "--universal",
    "--python-version=3.11",
    "--only-binary=:all:",
    "--custom-compile-command=./bazelw run //:requirements.update",
)


class ResolutionError(Exception):
    """uv found no set of versions, or could not reach the index; the message is uv's."""


class Resolver:
    """Turns requirements into the text of a lock, in a folder that it may fill."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environment = environment

    def lock(self, requirements: Mapping[str, str], *, previous: str, options: Sequence[str]) -> str:
        """Resolve requirements files (text by path); versions that `previous` pins stay unless `options` upgrade them.

        Of several pins of one name in `previous`, uv takes the first that fits.

        Raises:
            ResolutionError: with uv's explanation.
        """
        for path, text in requirements.items():
            file = self._folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        lock = self._folder / "lock.txt"
        lock.write_text(previous, encoding="utf-8")
        self._uv_compile([*requirements, *_FLAGS, *options, "--output-file", lock.name])
        return with_file_names(lock.read_text(encoding="utf-8"), self._file_names(requirements, lock.name))

    def _file_names(self, requirements: Iterable[str], constraints: str) -> dict[str, str]:
        """Ask what the locked files are called: uv reports it only in its other format."""
        output = self._folder / "pylock.toml"
        options = ["--universal", "--python-version=3.11", "--constraints", constraints]
        self._uv_compile([*requirements, *options, "--format=pylock.toml", "--output-file", output.name])
        packages = tomllib.loads(output.read_text(encoding="utf-8"))["packages"]
        wheels = [wheel for package in packages for wheel in package.get("wheels", [])]
        names = {wheel["hashes"]["sha256"]: _file_name(wheel) for wheel in wheels}
        wanted = set(fitting(names.values()))
        return {digest: name for digest, name in names.items() if name in wanted}

    def _uv_compile(self, arguments: Sequence[str]) -> None:
        command = ["pip", "compile", "--python", sys.executable, *arguments]
        result = run_uv(command, folder=self._folder, environment=self._environment)
        if result.returncode:
            raise ResolutionError(reason(result.stderr))


def _file_name(wheel: Mapping[str, str]) -> str:
    return wheel.get("name") or wheel["url"].rpartition("/")[2].replace("%2B", "+")

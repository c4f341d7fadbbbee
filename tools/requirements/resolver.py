"""Runs the locked uv to resolve requirements.in for every platform at once."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.requirements.index import configured_index
from tools.requirements.lockfile import with_file_names
from tools.requirements.wheels import fitting

_FLAGS = (
    "--generate-hashes",
    "--no-strip-extras",
    "--universal",
    "--python-version=3.11",
    "--only-binary=:all:",
    "--custom-compile-command=./bazelw run //:requirements.update",
)
_KEPT = ("HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "XDG_CACHE_HOME")


class ResolutionError(Exception):
    """uv found no set of versions, or could not reach the index; the message is uv's."""


def _uv() -> Path:
    """Find the program that the wheel of uv carries: `bin` beside the wheel's site-packages."""
    spec = importlib.util.find_spec("uv")
    if spec is None or spec.origin is None:
        raise ResolutionError("uv is not among the dependencies of this program")
    return Path(spec.origin).parents[2] / "bin" / "uv"


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Reduce the environment to what a machine needs to reach its index."""
    settings = {name: environment[name] for name in _KEPT if name in environment}
    if "PIP_CERT" in environment:
        settings.setdefault("SSL_CERT_FILE", environment["PIP_CERT"])
    index = configured_index(environment)
    if index:
        settings["UV_DEFAULT_INDEX"] = index
    return settings


class Resolver:
    """Turns requirements into the text of a lock, in a folder that it may fill."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._settings = _settings(environment)

    def lock(self, requirements: str, *, previous: str, options: Sequence[str]) -> str:
        """Resolve `requirements`; what `previous` pins stays unless `options` say otherwise.

        Raises:
            ResolutionError: with uv's explanation.
        """
        self._folder.joinpath("requirements.in").write_text(requirements, encoding="utf-8")
        lock = self._folder / "lock.txt"
        lock.write_text(previous, encoding="utf-8")
        self._uv_compile([*_FLAGS, *options, "--output-file", lock.name])
        text = lock.read_text(encoding="utf-8")
        return with_file_names(text, self._file_names(lock.name))

    def _file_names(self, constraints: str) -> dict[str, str]:
        """Ask what the locked files are called: uv says it in its other format alone."""
        output = self._folder / "pylock.toml"
        options = ["--universal", "--python-version=3.11", "--constraints", constraints]
        self._uv_compile([*options, "--format=pylock.toml", "--output-file", output.name])
        packages = tomllib.loads(output.read_text(encoding="utf-8"))["packages"]
        wheels = [wheel for package in packages for wheel in package.get("wheels", [])]
        names = {wheel["hashes"]["sha256"]: _file_name(wheel) for wheel in wheels}
        wanted = set(fitting(names.values()))
        return {digest: name for digest, name in names.items() if name in wanted}

    def _uv_compile(self, options: Sequence[str]) -> None:
        command = [str(_uv()), "pip", "compile", "--no-config", "--system-certs", "--quiet"]
        interpreter = ["--python", sys.executable, "--no-python-downloads"]
        result = subprocess.run(
            [*command, *interpreter, *options, "requirements.in"],
            cwd=self._folder,
            env=self._settings,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise ResolutionError(result.stderr.strip())


def _file_name(wheel: Mapping[str, str]) -> str:
    return wheel.get("name") or wheel["url"].rpartition("/")[2].replace("%2B", "+")

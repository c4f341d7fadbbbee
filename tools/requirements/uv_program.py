"""Runs the locked uv with the package index of this machine and nothing else of its environment."""

import importlib.util
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.requirements.index import configured_index

_KEPT = ("HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "UV_HTTP_RETRIES", "XDG_CACHE_HOME")


class UvMissingError(Exception):
    """The wheel of uv is not among the dependencies of this program."""


def _program() -> Path:
    """Find the program that the wheel of uv carries: `bin` beside the wheel's site-packages."""
    spec = importlib.util.find_spec("uv")
    if spec is None or spec.origin is None:
        raise UvMissingError("uv is not among the dependencies of this program")
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


def run_uv(
    arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run uv in a folder, with `extra` variables on top of the settings; the caller reads the exit code.

    Raises:
        UvMissingError: this program does not depend on uv.
    """
    return subprocess.run(
        [str(_program()), *arguments, "--no-config", "--system-certs", "--quiet", "--no-python-downloads"],
        cwd=folder,
        env=_settings(environment) | dict(extra or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def reason(stderr: str) -> str:
    """Turn uv's message, an error with a line or a branch of a drawn tree for each cause, into one line."""
    lines = [" ".join(line.split()) for line in stderr.encode("ascii", errors="ignore").decode().splitlines()]
    causes = [line.removeprefix("error: ").removeprefix("cause: ") for line in lines if line]
    return " ".join(causes) or "uv gave no reason"

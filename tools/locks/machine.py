"""The address of this machine's package index, from pip's configuration."""

import subprocess
from collections.abc import Mapping

from tools.requirements.index import configured_index

_ASK_PIP = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


def package_index(environ: Mapping[str, str]) -> str | None:
    """Return the index that is configured for pip, else pip's default, or None without pip."""
    named = configured_index(environ)
    if named:
        return named.rstrip("/")
    answer = subprocess.run(["python3", "-c", _ASK_PIP], capture_output=True, text=True, check=False)
    return answer.stdout.strip().rstrip("/") or None

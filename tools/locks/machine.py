"""The addresses of this machine's package index and Debian mirror; none is written here."""

import os
import pathlib
import re
import subprocess
from collections.abc import Mapping

from tools.requirements.index import configured_index

_SYSTEM_RC = pathlib.Path("/etc/bazel/bazelrc")
_ASK_PIP = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


def environment() -> dict[str, str]:
    """Return the environment, with what bazelw found out for repository rules where it runs inside the sealed root."""
    found = dict(os.environ)
    if "BAZELW_INSIDE" in found and _SYSTEM_RC.is_file():
        said = re.findall(r"^common --repo_env=(\w+)=(\S+)$", _SYSTEM_RC.read_text(), re.MULTILINE)
        found |= {name: value for name, value in said if name not in found}
    return found


def package_index(environ: Mapping[str, str]) -> str | None:
    """Return the index that pip is told, else the one that it knows by itself; None where there is no pip."""
    named = configured_index(environ)
    if named:
        return named.rstrip("/")
    answer = subprocess.run(["python3", "-c", _ASK_PIP], capture_output=True, text=True, check=False)
    return answer.stdout.strip().rstrip("/") or None


def debian_mirrors(environ: Mapping[str, str]) -> list[str]:
    """Return the mirror that DEBIAN_MIRROR names, else every address that apt reads."""
    named = environ.get("DEBIAN_MIRROR", "").rstrip("/")
    if named:
        return [named]
    folder = pathlib.Path("/etc/apt")
    files = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]
    texts = [file.read_text() for file in files if file.suffix in {".list", ".sources"} and file.is_file()]
    found = [
        address
        for text in texts
        for address in re.findall(r"^(?:deb |URIs:).*?(https?://[^\s\]]+)", text, re.MULTILINE)
    ]
    return list(dict.fromkeys(address.rstrip("/") for address in found))

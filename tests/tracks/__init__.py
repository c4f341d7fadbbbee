"""Tests of dependency tracks."""

from pathlib import Path


def pins(track: str) -> dict[str, str]:
    """Return the version of each distribution in the lock of a track."""
    lock = Path("requirements_lock.txt" if track == "main" else f"requirements/{track}_lock.txt")
    lines = [line.split()[0] for line in lock.read_text("utf-8").splitlines() if line[:1].isalnum()]
    return {name.partition("[")[0]: version for name, _, version in (line.partition("==") for line in lines)}

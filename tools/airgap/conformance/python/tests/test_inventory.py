"""The providers have the files that rules for layers read."""

import sys
from pathlib import Path


def main(arm: set[str], intel: set[str]) -> None:
    """Check for one file of each kind, for both platforms."""
    for inventory in (arm, intel):
        assert "source python/greeting/greeting.py" in inventory
        assert "source sqlalchemy/__init__.py" in inventory
        assert "file python/greeting/greeting.py" in inventory
        assert any(line.startswith("file sqlalchemy-") and line.endswith("/METADATA") for line in inventory)
        assert "import site-packages" in inventory
        assert "file h11/__init__.py" in inventory, "what a wheel needs comes with it"
        assert not any(line.startswith("file colorama/") for line in inventory), "a marker for Windows holds"
        assert "file opentelemetry/__init__.py" not in inventory
    assert any("aarch64-linux-gnu.so" in line for line in arm - intel)
    assert any("x86_64-linux-gnu.so" in line for line in intel - arm)


if __name__ == "__main__":
    main(*(set(Path(path).read_text(encoding="utf-8").splitlines()) for path in sys.argv[1:]))

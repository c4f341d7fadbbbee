"""`all_requirements` has every distribution of the lock that applies to Linux."""

import re
import sys
from pathlib import Path

_OTHER_PLATFORM = re.compile(r"sys_platform == '(?!linux')")


def _labels(lock: str) -> set[str]:
    pins = [line for line in lock.splitlines() if line[:1].isalnum() and not _OTHER_PLATFORM.search(line)]
    names = [pin.partition("==")[0].partition("[")[0].replace("-", "_") for pin in pins]
    return {f"{name}:pkg" for name in names}


def main(lock: str, labels: set[str]) -> None:
    """Compare the labels, without the name of the hub, with the lock."""
    assert labels == _labels(lock), labels ^ _labels(lock)


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_text(encoding="utf-8"), set(sys.argv[2:]))

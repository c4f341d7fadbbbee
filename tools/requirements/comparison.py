"""Prints in what the locks of several tracks differ."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from packaging.utils import NormalizedName

from tools.requirements.lockfile import Pin, read_pins

_ABSENT = "-"
_NAME_COLUMN = "distribution"


def difference_table(locks: Mapping[str, str]) -> str:
    """Return a table of the distributions that differ between locks (text by track), empty where none does."""
    pins = [_by_name(text) for text in locks.values()]
    names = sorted({name for found in pins for name in found})
    rows = [
        (name, *(_cell(found[name]) for found in pins)) for name in names if _differs([found[name] for found in pins])
    ]
    return table((_NAME_COLUMN, *locks), rows) if rows else ""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out in columns below their headings, a line each."""
    lines = [columns, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    padded = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return "".join(f"{line.rstrip()}\n" for line in padded)


def _by_name(text: str) -> Mapping[NormalizedName, list[Pin]]:
    found = defaultdict(list)
    for pin in read_pins(text):
        found[pin.name].append(pin)
    return found


def _differs(pins: Sequence[Sequence[Pin]]) -> bool:
    contents = [[(pin.requirement, pin.hashes) for pin in each] for each in pins]
    return any(each != contents[0] for each in contents)


def _cell(pins: Sequence[Pin]) -> str:
    return (
        ", ".join(str(pin.requirement).removeprefix(pin.requirement.name).removeprefix("==") for pin in pins) or _ABSENT
    )

#!/usr/bin/python3 -I
"""Merges reports in the format of LCOV; takes the arguments that `bazel coverage` gives to its own Java program.

    merge --coverage_dir=FOLDER --output_file=FILE --source_file_manifest=FILE   # the reports of one test
    merge --reports_file=FILE --output_file=FILE                                 # the reports of all tests

The manual page of geninfo(1) describes the format.
"""

import argparse
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


@dataclasses.dataclass
class SourceFile:
    """How often the parts of one file were executed, added up over all reports."""

    functions: dict[str, str] = dataclasses.field(default_factory=dict)
    """The first and last line of each function, as `FN` has them."""
    calls: dict[str, int] = dataclasses.field(default_factory=dict)
    branches: dict[str, int | None] = dataclasses.field(default_factory=dict)
    """By `line,block,branch`; None if the line of the branch was never executed."""
    lines: dict[int, int] = dataclasses.field(default_factory=dict)

    def add(self, kind: str, value: str) -> None:
        """Add a line `kind:value` of a report; totals are ignored, since they are computed again."""
        match kind:
            case "FN":
                where, _, name = value.rpartition(",")
                self.functions[name] = where
            case "FNDA":
                count, _, name = value.partition(",")
                self.calls[name] = self.calls.get(name, 0) + int(count)
            case "BRDA":
                branch, _, taken = value.rpartition(",")
                before = self.branches.get(branch)
                self.branches[branch] = before if taken == "-" else int(taken) + (before or 0)
            case "DA":
                line, count = value.split(",")[:2]
                self.lines[int(line)] = self.lines.get(int(line), 0) + int(count)

    def report(self) -> Iterator[str]:
        """Yield the lines of the report on this file, between `SF` and `end_of_record`."""
        yield from (f"FN:{where},{name}" for name, where in self.functions.items())
        yield from (f"FNDA:{count},{name}" for name, count in self.calls.items())
        yield from _totals("FN", self.calls.values())
        yield from (f"BRDA:{branch},{'-' if taken is None else taken}" for branch, taken in self.branches.items())
        yield from _totals("BR", self.branches.values())
        yield from (f"DA:{line},{count}" for line, count in sorted(self.lines.items()))
        yield from _totals("L", self.lines.values())


def _totals(kind: str, counts: Iterable[int | None]) -> Iterator[str]:
    if executed := [bool(count) for count in counts]:
        yield f"{kind}F:{len(executed)}"
        yield f"{kind}H:{sum(executed)}"


def merge(reports: Iterable[str]) -> str:
    """Return one report of all reports, each given as text."""
    files: dict[str, SourceFile] = {}
    for report in reports:
        file = SourceFile()
        for line in report.splitlines():
            kind, _, value = line.partition(":")
            if kind == "SF":
                file = files.setdefault(value, SourceFile())
            else:
                file.add(kind, value)
    lines = [line for path in sorted(files) for line in (f"SF:{path}", *files[path].report(), "end_of_record")]
    return "".join(f"{line}\n" for line in lines)


def main(arguments: Sequence[str]) -> None:
    """Merge the reports that the arguments name; arguments for other languages are ignored."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--coverage_dir", type=Path)
    parser.add_argument("--reports_file", type=Path)
    parser.add_argument("--output_file", type=Path, required=True)
    given, _ = parser.parse_known_args(arguments)
    if given.reports_file:
        reports = [Path(path) for path in given.reports_file.read_text(encoding="utf-8").split()]
    else:
        reports = sorted(given.coverage_dir.rglob("*.dat"))
    given.output_file.write_text(merge(path.read_text(encoding="utf-8") for path in reports), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

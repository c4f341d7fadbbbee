"""Print the report of the last `bazel coverage` as a table.

bazel run //tools/build/coverage:report -- [FOLDER ...]
"""

import argparse
import dataclasses
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

REPORT = Path("bazel-out/_coverage/_coverage_report.dat")


@dataclasses.dataclass(frozen=True)
class SourceFile:
    """What the tests executed of one file."""

    path: str
    lines: dict[int, bool]
    """Whether each line that can be executed was."""
    branches: tuple[tuple[int, bool], ...]
    """The line of each branch, and whether it was taken."""


def parse(report: str) -> Iterator[SourceFile]:
    """Yield the files of a report in the format of LCOV, which geninfo(1) describes."""
    path, lines, branches = "", dict[int, bool](), list[tuple[int, bool]]()
    for text in report.splitlines():
        kind, _, value = text.partition(":")
        match kind:
            case "SF":
                path, lines, branches = value, {}, []
            case "DA":
                number, count = value.split(",")[:2]
                lines[int(number)] = count != "0"
            case "BRDA":
                branch, _, count = value.rpartition(",")
                branches.append((int(branch.partition(",")[0]), count not in {"-", "0"}))
            case "end_of_record":
                yield SourceFile(path, lines, tuple(branches))


def table(files: Sequence[SourceFile]) -> str:
    """Return a row for each file, and one for all."""
    rows = [("file", "lines", "covered", "branches", "not covered")]
    rows += [(file.path, *_figures([file]), _missing(file)) for file in files]
    rows.append(("all", *_figures(files), ""))
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{row[0]:{width}} {row[1]:>6} {row[2]:>8} {row[3]:>9}  {row[4]}".rstrip() for row in rows)


def _figures(files: Iterable[SourceFile]) -> tuple[str, str, str]:
    lines = [executed for file in files for executed in file.lines.values()]
    branches = [taken for file in files for _, taken in file.branches]
    return str(len(lines)), _percentage(lines), _percentage(branches)


def _percentage(executed: Collection[bool]) -> str:
    """Return the share that was executed, rounded down, so that only complete coverage is 100 %."""
    return f"{100 * sum(executed) // len(executed)} %" if executed else "-"


def _missing(file: SourceFile) -> str:
    """Return the lines that were not executed, and those with a branch that was not taken: `3-5, 9; branches at 2`."""
    branches = sorted({line for line, taken in file.branches if not taken and file.lines.get(line)})
    parts = [_ranges(file.lines), f"branches at {', '.join(map(str, branches))}" if branches else ""]
    return "; ".join(filter(None, parts))


def _ranges(lines: dict[int, bool]) -> str:
    """Return the lines that were not executed; lines without code in between do not end a range."""
    ranges: list[list[int]] = []
    before = True
    for number, executed in sorted(lines.items()):
        if not executed and before:
            ranges.append([number])
        elif not executed:
            ranges[-1][1:] = [number]
        before = executed
    return ", ".join("-".join(map(str, each)) for each in ranges)


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 2 without a report."""
    parser = argparse.ArgumentParser(prog="bazel run //tools/build/coverage:report --", description=__doc__)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="only files below it, for example libs/auth")
    folders = parser.parse_args(arguments).folders
    report = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")) / REPORT
    if not report.is_file():
        print("There is no report; run `bazel coverage` first, for example on //libs/...", file=sys.stderr)
        return 2
    files = list(parse(report.read_text(encoding="utf-8")))
    chosen = [file for file in files if not folders or any(Path(file.path).is_relative_to(each) for each in folders)]
    if not chosen:
        print(f"The report has no file below {', '.join(folders) or 'any folder'}.", file=sys.stderr)
        return 2
    print(table(chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

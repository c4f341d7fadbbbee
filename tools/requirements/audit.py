"""Look up every locked wheel in the vulnerability service, and print what it reports.

Runs the locked `uv audit` over the lock of each dependency track. The exit code is 0 without findings, 1 with findings,
and 2 where the package index or the service cannot be reached, so that the result is unknown.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tools.requirements.lockfile import read_pins
from tools.requirements.tracks import TrackError, find_locks
from tools.requirements.vulnerabilities import AuditError, audit, table

_UNKNOWN = 2


def main() -> int:
    """Print the findings of each lock and return the exit code."""
    arguments = _arguments()
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    try:
        locks = arguments.lock or find_locks(workspace)
        return max(_audited(workspace, lock, arguments.service_url) for lock in locks)
    except TrackError as error:
        print(error, file=sys.stderr)
        return _UNKNOWN


def _audited(workspace: Path, lock: str, service: str | None) -> int:
    """Print the findings of one lock and return its exit code."""
    pins = read_pins((workspace / lock).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        try:
            report = audit(
                pins, folder=Path(folder), python=Path(sys.executable), service=service, environment=os.environ
            )
        except AuditError as error:
            print(f"{lock} was not audited: {error}", file=sys.stderr)
            return _UNKNOWN
    if report.findings:
        print(table(report.findings), end="")
    print(f"{lock}: {len(report.findings)} findings in {report.audited} packages")
    return 1 if report.findings else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/requirements:audit --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lock", action="append", metavar="PATH", help="may be repeated; default: all tracks' locks")
    parser.add_argument("--service-url", metavar="URL", help="a mirror of the service (OSV's API); default: uv's own")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

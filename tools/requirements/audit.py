"""Look up every locked wheel in the vulnerability service, and print what is known of it.

Runs the locked `uv audit` over requirements_lock.txt. The exit code is 0 without findings, 1 with findings, and 2 where
the package index or the service cannot be reached, so that nothing is known.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tools.requirements.lockfile import read_pins
from tools.requirements.vulnerabilities import AuditError, audit, table


def main() -> int:
    """Print the findings and return the exit code."""
    arguments = _arguments()
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    pins = read_pins((workspace / arguments.lock).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        try:
            report = audit(
                pins,
                folder=Path(folder),
                python=Path(sys.executable),
                service=arguments.service_url,
                environment=os.environ,
            )
        except AuditError as error:
            print(f"{arguments.lock} was not audited: {error}", file=sys.stderr)
            return 2
    if report.findings:
        print(table(report.findings), end="")
    print(f"{arguments.lock}: {len(report.findings)} findings in {report.audited} packages")
    return 1 if report.findings else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/requirements:audit --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lock", default="requirements_lock.txt", help="default: %(default)s")
    parser.add_argument("--service-url", metavar="URL", help="a mirror of the service (OSV's API); default: uv's own")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

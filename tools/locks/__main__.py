"""Tell whether every locked file can still be had, and whether one was withdrawn.

    bazel run //tools/locks:available

Prints one line for each finding; the status is 1 if there is any, and 2 where an address is missing.
"""

import os
import pathlib
import sys

from tools.locks import debian_lock, machine, python_lock
from tools.locks.findings import Finding

PYTHON = ("requirements_lock.txt",)
DEBIAN = ("tools/clock/lock.json", "tools/oci/base/lock.json", "tools/oci/testing/lock.json")


def main() -> int:
    """Check every lock of the workspace."""
    root = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", pathlib.Path.cwd()))
    environ = machine.environment()
    index, mirrors = machine.package_index(environ), machine.debian_mirrors(environ)
    if not index or not mirrors:
        wanted = "PIP_INDEX_URL" if not index else "DEBIAN_MIRROR"
        print(f"locks: no address to ask is known on this machine: set {wanted}", file=sys.stderr)
        return 2
    found: list[Finding] = []
    for path in PYTHON:
        found += python_lock.findings(path, (root / path).read_text(), index=index)
    for path in DEBIAN:
        found += debian_lock.findings(path, (root / path).read_text(), mirrors=mirrors)
    for finding in found:
        print(finding)
    print(f"locks: {len(found)} findings in {len(PYTHON) + len(DEBIAN)} locks", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

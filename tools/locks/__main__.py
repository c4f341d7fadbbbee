"""Check that every locked file can still be downloaded, and that none was withdrawn.

    bazel run //tools/locks:available

Prints one line for each finding; the status is 1 if there is any, and 2 where an address is missing.
"""

import argparse
import pathlib
import sys

from tools.locks import debian_lock, machine, python_lock
from tools.locks.findings import Finding
from tools.oci.debian.mirrors import environment
from tools.requirements.tracks import TrackError, find_locks

DEBIAN = (
    "libs/auth/redis_server/lock.json",
    "libs/db/pgbouncer/lock.json",
    "tools/bench/wrk/lock.json",
    "tools/clock/lock.json",
    "tools/oci/base/lock.json",
    "tools/oci/debian/keys/lock.json",
    "tools/oci/testing/fixture_service/options/base/lock.json",
    "tools/oci/testing/fixture_service/options/debian/lock.json",
    "tools/oci/testing/lock.json",
)


def main() -> int:
    """Check every lock of the workspace."""
    argparse.ArgumentParser(prog="bazel run //tools/locks:available", description=__doc__).parse_args()
    environ = environment()
    root = pathlib.Path(environ.get("BUILD_WORKSPACE_DIRECTORY", pathlib.Path.cwd()))
    index = machine.package_index(environ)
    if not index:
        print("locks: no package index is configured on this machine: set PIP_INDEX_URL", file=sys.stderr)
        return 2
    found: list[Finding] = []
    try:
        python = find_locks(root)
    except TrackError as error:
        print(f"locks: {error}", file=sys.stderr)
        return 2
    for path in python:
        found += python_lock.findings(path, (root / path).read_text(), index=index)
    for path in DEBIAN:
        found += debian_lock.findings(path, (root / path).read_text(), environ=environ)
    for finding in found:
        print(finding)
    print(f"locks: {len(found)} findings in {len(python) + len(DEBIAN)} locks", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""`bazelw` in sealed mode: create the sealed root if it is missing, then run Bazel inside it.

Called by `bazelw` as `python3 tools/airgap CACHE BAZEL_ARGUMENT...` with the host's Python. The code in this folder
must run with only the standard library of Python 3.9. Imports that most calls do not need are made late.
"""

from __future__ import annotations

import os
import signal
import sys

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main(cache: str, arguments: list[str]) -> int:
    """Run Bazel with the arguments and return its exit code."""
    from tools.airgap import enter, sealed_root
    from tools.airgap.errors import AirgapError
    from tools.airgap.paths import Paths

    paths = Paths(repository=REPOSITORY, cache=os.path.realpath(cache))
    try:
        root = sealed_root.ensure(paths)
        return enter.run_inside(root, paths, ["bazel", *arguments])
    except AirgapError as error:
        print(f"bazelw: {error}", file=sys.stderr)
        return error.EXIT_CODE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.path[0] = REPOSITORY
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        sys.exit()
    if len(sys.argv) == 1:
        sys.exit("bazelw: start this program by `./bazelw`, which names the folder")
    sys.exit(main(sys.argv[1], sys.argv[2:]))

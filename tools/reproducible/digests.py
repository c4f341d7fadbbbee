"""Build all images and print their digests, to compare machines and modes.

bazel run //tools/oci:digests
"""

import os
import sys
from pathlib import Path

from tools.reproducible.builds import Bazel, BuildFailedError
from tools.reproducible.conditions import Conditions


def main(workspace: Path) -> int:
    """Print a line for each image; return Bazel's exit code if the build fails."""
    try:
        digests = Bazel(folder=workspace, conditions=Conditions(name="current", folder=".")).digests()
    except BuildFailedError as error:
        return error.exit_code
    for label, digest in sorted(digests.items()):
        print(f"{label.removesuffix('.digest'):<42} {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))))

"""Run a registry until Ctrl-C.

bazel run //tools/oci:registry [-- --port 5000 --data FOLDER]
"""

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tools.bazel_run.environment import path_from_bazel
from tools.oci.registry.server import RegistryDidNotStartError, running_registry

_BINARY = "DOCKER_REGISTRY"


def main(arguments: list[str]) -> int:
    """Run the command; 1 when the registry cannot start."""
    parser = argparse.ArgumentParser(prog="registry", description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--data", type=Path, help="folder for the images; default: a temporary one")
    options = parser.parse_args(arguments)
    binary = path_from_bazel(_BINARY, "bazel run //tools/oci:registry")
    # From the first moment on: Ctrl-C may come while the address is being printed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="registry-")))
        folder = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ".")) / folder
        folder.mkdir(parents=True, exist_ok=True)
        try:
            registry = stack.enter_context(running_registry(binary, folder=folder, port=options.port))
        except RegistryDidNotStartError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        print(f"registry on {registry.address}, images in {folder}; Ctrl-C stops it", flush=True)
        registry.process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

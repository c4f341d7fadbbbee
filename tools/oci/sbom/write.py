"""Write the bills of materials of an image.

write.py --title NAME --architecture ARCH --lock LOCK... --status FILE [--wheel-hashes FILE]... --spdx FILE
         --cyclonedx FILE METADATA...
"""

import argparse
import json
import sys
from pathlib import Path

from tools.oci.sbom.components import debian_components, wheel_components
from tools.oci.sbom.documents import cyclonedx, spdx


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="write")
    parser.add_argument("--title", required=True)
    parser.add_argument("--architecture", required=True)
    for file in ("status", "spdx", "cyclonedx"):
        parser.add_argument(f"--{file}", type=Path, required=True)
    parser.add_argument("--lock", type=Path, action="append", required=True)
    parser.add_argument("--wheel-hashes", type=Path, action="append", default=[])
    parser.add_argument("metadata", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    wheels = wheel_components(options.metadata, hashes=options.wheel_hashes)
    components = debian_components(options.lock, options.architecture, status=options.status) + wheels
    for path, document in (
        (options.spdx, spdx(options.title, components)),
        (options.cyclonedx, cyclonedx(options.title, components)),
    ):
        path.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

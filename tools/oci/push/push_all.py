"""Push the images of all services to a registry, each shared layer once.

Without a flag they go to localhost:5000, where `bazel run //tools/oci:registry` listens. IMAGE_REGISTRY in the
environment, or --repository-prefix, names another registry, with an optional path.
"""

import argparse
import os
import sys
from pathlib import Path

from tools.oci.base.status import OutdatedBaseError
from tools.oci.push.crane import RegistryError
from tools.oci.push.layout import read_services
from tools.oci.push.options import add_base_flag, add_registry_flags, add_tag_flag, check_base, crane_of
from tools.oci.push.publish import push_all, table
from tools.oci.push.references import BadReferenceError

_DEFAULT = "localhost:5000"


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that a registry did not accept an image."""
    options = _parser().parse_args(arguments)
    prefix = options.repository_prefix.rstrip("/")
    try:
        check_base(allowed=options.allow_outdated_base)
        rows = push_all(read_services(options.images), prefix, crane=crane_of(options), tags=options.tag)
    except (RegistryError, BadReferenceError, OutdatedBaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //:push --", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--repository-prefix",
        default=os.environ.get("IMAGE_REGISTRY") or _DEFAULT,
        help="registry and path, for example registry.example/team; the service's name follows",
    )
    add_tag_flag(parser)
    add_registry_flags(parser)
    add_base_flag(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

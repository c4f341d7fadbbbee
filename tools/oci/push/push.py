"""Push the image of one service to a registry.

Without a flag it goes to localhost:5000, where `bazel run //tools/oci:registry` listens. IMAGE_REGISTRY in the
environment names another registry for all services; --repository names the repository of this one.
"""

import argparse
import os
import sys
from pathlib import Path

from tools.oci.base.status import OutdatedBaseError
from tools.oci.push.crane import RegistryError
from tools.oci.push.layout import Service
from tools.oci.push.options import add_base_flag, add_registry_flags, add_tag_flag, check_base, crane_of
from tools.oci.push.publish import Publisher, said_of
from tools.oci.push.references import BadReferenceError, repository_for


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the registry did not accept the image, and that its tags are unchanged."""
    options = _parser().parse_args(arguments)
    repository = options.repository or repository_for(options.default_repository, os.environ.get("IMAGE_REGISTRY", ""))
    service = Service(name=repository.rpartition("/")[2], layout=options.image)
    try:
        check_base(allowed=options.allow_outdated_base)
        row = Publisher(crane=crane_of(options)).push(service, repository, tags=options.tag)
    except (RegistryError, BadReferenceError, OutdatedBaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{repository}@{row.digest}")
    tagged = f", tagged {', '.join(options.tag)}" if options.tag else ""
    print(said_of(row) + tagged, file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="image_push", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--default-repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("-r", "--repository", help="where to push, for example registry.example/team/service")
    add_tag_flag(parser)
    add_registry_flags(parser)
    add_base_flag(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

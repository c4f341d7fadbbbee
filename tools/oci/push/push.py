"""Push an image to a registry.

push.py --image LAYOUT --default-repository REPOSITORY [--repository REPOSITORY] [--tag TAG]...

IMAGE_REGISTRY in the environment replaces the registry of the default, for all services at once.
"""

import argparse
import os
import sys
from pathlib import Path

from tools.oci.push.push_all import Service, push
from tools.oci.push.registry import RegistryError, Repository, repository_for


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the registry did not take the image. Tags there are then as they were."""
    options = _parser().parse_args(arguments)
    reference = options.repository or repository_for(options.default_repository, os.environ.get("IMAGE_REGISTRY", ""))
    service = Service(name=reference.rpartition("/")[2], layout=options.image)
    tags = ["latest", *options.tag]
    try:
        row = push(service, Repository.parse(reference), tags=tags, where={})
    except RegistryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{reference}@{row.digest}")
    said = f"{row.sent:,} bytes in {row.seconds:.1f} s, tagged {', '.join(tags)}"
    print(said if row.sent else "was there already, nothing sent", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="image_push", description="Push the image to a registry.")
    parser.add_argument("--image", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--default-repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("-r", "--repository", help="where to push, for example registry.example/team/service")
    parser.add_argument("-t", "--tag", action="append", default=[], help="a tag besides `latest`")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Push an image to a registry.

push.py --image LAYOUT --pusher COMMAND --default-repository REPOSITORY [--repository REPOSITORY] [--tag TAG]...

IMAGE_REGISTRY in the environment replaces the registry of the default, for all services at once.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PAUSES_SECONDS = (1.0, 4.0)
_ANSWER_SECONDS = 5
_MANIFESTS = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"

# What trying again cannot mend.
_FINAL = re.compile("unauthorized|denied|forbidden|name_unknown|name_invalid|tag_invalid|certificate", re.IGNORECASE)


class PushFailedError(Exception):
    """An image is not at its registry. Tags there are as they were: they are set last."""

    def __init__(self, repository: str, reason: str) -> None:
        super().__init__(f"{repository} did not take the image: {reason}")
        self.repository = repository


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image to push, and the command of rules_oci that does it."""

    digest: str
    pusher: Path

    @classmethod
    def read(cls, layout: Path, *, pusher: Path) -> "Image":
        """Read an image or index in OCI layout."""
        return cls(digest=json.loads((layout / "index.json").read_text())["manifests"][0]["digest"], pusher=pusher)


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the registry did not take the image."""
    options = _parser().parse_args(arguments)
    image = Image.read(options.image, pusher=options.pusher)
    repository = options.repository or repository_for(options.default_repository, os.environ.get("IMAGE_REGISTRY", ""))
    tags = ["latest", *options.tag]
    try:
        sent = push(image, repository, tags=tags)
    except PushFailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{repository}@{image.digest}")
    print(f"tagged {', '.join(tags)}" if sent else "was there already, nothing sent", file=sys.stderr)
    return 0


def repository_for(default: str, registry: str) -> str:
    """The repository of a service on a registry other than the default's."""
    return f"{registry.rstrip('/')}/{default.partition('/')[2]}" if registry else default


def push(image: Image, repository: str, *, tags: Sequence[str], pauses: Sequence[float] = _PAUSES_SECONDS) -> bool:
    """Push by digest, then tag; return False where all tags name the image already.

    Raises PushFailedError, after trying again where that can help.
    """
    if all(remote_digest(repository, tag) == image.digest for tag in tags):
        return False
    command = [str(image.pusher.absolute()), "--repository", repository, *(f"--tag={tag}" for tag in tags)]
    for pause in [*pauses, None]:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            return True
        reason = _reason(done.stderr)
        if pause is None or _FINAL.search(reason):
            break
        time.sleep(pause)
    raise PushFailedError(repository, reason)


def remote_digest(repository: str, tag: str) -> str | None:
    """What a tag names, where the registry tells anybody; else None, and pushing will tell more."""
    registry, _, name = repository.partition("/")
    scheme = "http" if re.match(r"(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$", registry) else "https"
    request = urllib.request.Request(f"{scheme}://{registry}/v2/{name}/manifests/{tag}", method="HEAD")  # noqa: S310
    request.add_header("Accept", _MANIFESTS)
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - http or https, from above
            digest: str | None = answer.headers["Docker-Content-Digest"]
            return digest
    except (OSError, ValueError):
        return None


def _reason(output: str) -> str:
    """The last line that the pusher said, which is where it gives the error."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].removeprefix("Error: ") if lines else "no reason given"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="image_push", description="Push the image to a registry.")
    parser.add_argument("--image", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--pusher", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--default-repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("-r", "--repository", help="where to push, for example registry.example/team/service")
    parser.add_argument("-t", "--tag", action="append", default=[], help="a tag besides `latest`")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

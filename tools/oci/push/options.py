"""The flags that all commands that push have in common."""

import argparse
import os
from pathlib import Path

from tools.oci.base.status import check_current
from tools.oci.push.crane import Crane

DEADLINE_SECONDS = 1800.0
"""Time that the transfer of one image may take."""


def add_registry_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that control the connection to a registry."""
    parser.add_argument("--insecure", action="store_true", help="allow plain HTTP and unknown certificates")
    parser.add_argument(
        "--deadline",
        type=_seconds,
        default=DEADLINE_SECONDS,
        metavar="SECONDS",
        help=f"give up a transfer that takes longer; default: {DEADLINE_SECONDS:.0f}",
    )


def add_base_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag that permits an image whose base has older packages than its lock."""
    parser.add_argument(
        "--allow-outdated-base", action="store_true", help="publish although a Debian package is older than locked"
    )


def check_base(*, allowed: bool) -> None:
    """Check the base of the built images, using the status file whose path is in BASE_STATUS.

    Raises:
        OutdatedBaseError: it is outdated, and that is not allowed.
    """
    check_current(Path(os.environ["BASE_STATUS"]), allowed=allowed)


def add_tag_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag for tags. Without it an image is pushed only by its digest."""
    parser.add_argument(
        "-t", "--tag", action="append", default=[], help="a tag to set, may be repeated; default: none, only the digest"
    )


def crane_of(options: argparse.Namespace) -> Crane:
    """Return the crane that the flags configure."""
    return Crane.from_environment(insecure=options.insecure, copy_seconds=options.deadline)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return seconds

"""`bazel run //libs/auth:rotate -- FOLDER`: write the next signing key, delete expired ones.

Run it on a schedule, once for each rotation. The first key of an empty folder signs at once. Every other key is
published for `--ahead` seconds before it signs, so that all verifiers have fetched it by then. While such a key waits,
running the command again adds no key.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from libs.auth.errors import UnusableKey
from libs.auth.key_files import KeyFolder
from libs.auth.keys import OVERLAP
from libs.auth.signatures import Algorithm, SigningKey
from libs.clock.clock import Clock, SystemClock

AHEAD = timedelta(hours=1)
"""How long the next key is published before it signs; verifiers fetch every five minutes."""


def rotate(
    folder: KeyFolder,
    *,
    clock: Clock,
    algorithm: Algorithm = Algorithm.EDDSA,
    ahead: timedelta = AHEAD,
) -> list[str]:
    """Write the next key and remove expired ones; return one line per change."""
    with folder.locked():
        return [*_drop_spent(folder, clock), _write_next(folder, clock, algorithm, ahead)]


def _keys(folder: KeyFolder) -> list[SigningKey]:
    keys = folder.read() if folder.holds_keys() else []
    return sorted(keys, key=lambda key: key.activates_at)


def _drop_spent(folder: KeyFolder, clock: Clock) -> list[str]:
    """Delete keys whose last token has expired."""
    done = []
    for key, successor in pairwise(_keys(folder)):
        if successor.activates_at + OVERLAP <= clock.now():
            folder.remove(key.key_id)
            done.append(f"removed {key.key_id}: its successor has signed since {successor.activates_at}")
    return done


def _write_next(folder: KeyFolder, clock: Clock, algorithm: Algorithm, ahead: timedelta) -> str:
    now = clock.now().replace(microsecond=0)
    keys = _keys(folder)
    if keys and keys[-1].activates_at > now:
        return f"{keys[-1].key_id} is the next key, and signs from {keys[-1].activates_at}"
    # No tokens exist for an empty folder, so no verifier has to fetch the key before it signs.
    activates_at = now + ahead if keys else now
    path = folder.write(algorithm, activates_at=activates_at)
    return f"wrote {path}: signs from {activates_at}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Print one sentence and return 1 if the folder has a file that must not be used."""
    parser = argparse.ArgumentParser(prog="rotate", description="Write the next signing key.")
    parser.add_argument("folder", type=Path, help="folder of the private keys of the service")
    parser.add_argument("--algorithm", type=Algorithm, choices=list(Algorithm), default=Algorithm.EDDSA)
    parser.add_argument(
        "--ahead", type=float, default=AHEAD.total_seconds(), help="seconds from writing a key until it signs"
    )
    options = parser.parse_args(arguments)
    try:
        lines = rotate(
            KeyFolder(options.folder),
            clock=SystemClock(),
            algorithm=options.algorithm,
            ahead=timedelta(seconds=options.ahead),
        )
    except UnusableKey as error:
        print(error, file=sys.stderr)
        return 1
    print(*lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

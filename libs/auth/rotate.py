"""`bazel run //libs/auth:rotate -- FOLDER`: write the next signing key and delete expired ones, or revoke a leaked one.

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


def revoke(folder: KeyFolder, key_id: str, *, clock: Clock, algorithm: Algorithm = Algorithm.EDDSA) -> list[str]:
    """Delete a leaked key; return one line per change.

    If it is the key that signs, write a key that signs at once, also if another key is waiting to become active.

    Raises:
        UnusableKey: The folder has no such key.
    """
    with folder.locked():
        keys = _keys(folder)
        leaked = next((key for key in keys if key.key_id == key_id), None)
        if leaked is None:
            raise UnusableKey(str(folder.path), f"there is no key {key_id}")
        done = [_write(folder, clock, algorithm, timedelta())] if leaked is _signing_key(keys, clock) else []
        folder.remove(leaked.key_id)
        return [*done, f"removed {key_id}"]


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
    keys = _keys(folder)
    signs = _signing_key(keys, clock) is not None
    if signs and keys[-1].activates_at > clock.now():
        return f"{keys[-1].key_id} is the next key, and signs from {keys[-1].activates_at}"
    # Without a key that signs there are no tokens, so no verifier has to fetch the key before it signs.
    return _write(folder, clock, algorithm, ahead if signs else timedelta())


def _write(folder: KeyFolder, clock: Clock, algorithm: Algorithm, ahead: timedelta) -> str:
    activates_at = clock.now().replace(microsecond=0) + ahead
    path = folder.write(algorithm, activates_at=activates_at)
    return f"wrote {path}: signs from {activates_at}"


def _signing_key(keys: Sequence[SigningKey], clock: Clock) -> SigningKey | None:
    active = [key for key in keys if key.activates_at <= clock.now()]
    return active[-1] if active else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Print one sentence and return 1 if the folder has a file that must not be used."""
    parser = argparse.ArgumentParser(prog="rotate", description="Write the next signing key, or revoke a leaked one.")
    parser.add_argument("folder", type=Path, help="folder of the private keys of the service")
    parser.add_argument("--algorithm", type=Algorithm, choices=list(Algorithm), default=Algorithm.EDDSA)
    parser.add_argument(
        "--ahead", type=float, default=AHEAD.total_seconds(), help="seconds from writing a key until it signs"
    )
    parser.add_argument(
        "--revoke", metavar="KID", help="delete this leaked key; if it is the one that signs, write a new one first"
    )
    options = parser.parse_args(arguments)
    folder, clock = KeyFolder(options.folder), SystemClock()
    try:
        if options.revoke:
            lines = revoke(folder, options.revoke, clock=clock, algorithm=options.algorithm)
        else:
            ahead = timedelta(seconds=options.ahead)
            lines = rotate(folder, clock=clock, algorithm=options.algorithm, ahead=ahead)
    except UnusableKey as error:
        print(error, file=sys.stderr)
        return 1
    print(*lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

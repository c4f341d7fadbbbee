"""Update the lock of every dependency track; pins are kept unless `--upgrade` names them.

The main track is requirements.in and requirements_lock.txt. Every other track is requirements/TRACK.in, which has only
the differences, and requirements/TRACK_lock.txt, which has all distributions of the main lock with these differences.
The command prints the differences between the locks. If one lock cannot be resolved, none is replaced.

The package index is the one that pip on this machine uses: PIP_INDEX_URL, or index-url of its configuration. It must
serve all packages; docs/private-index.md describes how to add private ones.
"""

import argparse
import os
import sys
from pathlib import Path

from tools.requirements.comparison import difference_table
from tools.requirements.index import IndexSettingsError, check_index_settings
from tools.requirements.tracks import MAIN, TrackError
from tools.requirements.update import EVERYTHING, Update, update


def main() -> int:
    """Return 0 when all locks are up to date, 1 when one could not be made."""
    arguments = _arguments()
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    try:
        check_index_settings(os.environ)
        done = update(workspace, upgrade=arguments.upgrade, only_track=arguments.track, environment=os.environ)
    except (IndexSettingsError, TrackError) as error:
        print(f"The locks are unchanged. {error}", file=sys.stderr)
        return 1
    done.write(workspace)
    for track, text in done.locks.items():
        print(f"{track.lock}: {'unchanged' if text == done.previous[track] else 'changed'}", file=sys.stderr)
    print(_summary(done), end="")
    return 0


def _summary(done: Update) -> str:
    if len(done.locks) == 1:
        return ""
    return difference_table({track.name: text for track, text in done.locks.items()}) or "The tracks do not differ.\n"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bazel run //:requirements.update --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--upgrade",
        action="append",
        nargs="?",
        const=EVERYTHING,
        default=[],
        metavar="PACKAGE",
        help="take the newest version of a package, or NAME==VERSION, or the newest of everything; may be repeated",
    )
    parser.add_argument(
        "--track",
        help=f"upgrade the pins that this track has for itself, or those of `{MAIN}`; default: NAME==VERSION "
        f"is for `{MAIN}`, and other upgrades are for all tracks",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

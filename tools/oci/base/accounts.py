"""The user that the process of an image runs as: its entries in passwd and group, and /data, which it owns.

accounts.py --user UID:GID --compression gzip|zstd --output LAYER    packs the entries of a user that is not in the base
"""

import argparse
import sys
from pathlib import Path

from tools.oci.layers.compression import compressor
from tools.oci.layers.entries import ROOT, Entry, File, Folder, write_layer

_NOBODY = 65534


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="accounts")
    parser.add_argument("--user", required=True)
    parser.add_argument("--compression", choices=["gzip", "zstd"], required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    uid, gid = map(int, options.user.split(":"))
    write_layer(account_entries(uid, gid), options.output, compressor=compressor(options.compression))


def account_entries(uid: int, gid: int) -> dict[str, Entry]:
    """Return the entries by path; the user has the name `nonroot` and owns /data."""
    users = {ROOT: ("root", ROOT), _NOBODY: ("nobody", _NOBODY)} | {uid: ("nonroot", gid)}
    groups = {ROOT: "root", _NOBODY: "nogroup"}
    groups.setdefault(gid, "nonroot")
    passwd = (
        f"{name}:x:{number}:{group}:{name}:/nonexistent:/nonexistent\n" for number, (name, group) in users.items()
    )
    group = (f"{name}:x:{number}:\n" for number, name in groups.items())
    return {
        "data": Folder(owner=uid, group=gid),
        "etc/group": File(content="".join(group).encode()),
        "etc/passwd": File(content="".join(passwd).encode()),
    }


if __name__ == "__main__":
    main(sys.argv[1:])

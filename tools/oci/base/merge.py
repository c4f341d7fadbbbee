"""Merge Debian packages into the base layer: the files that a Python service needs, and no other programs.

merge.py --compression gzip|zstd --output LAYER PACKAGE.deb...
"""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.oci.base.accounts import account_entries
from tools.oci.base.deb import Deb, read_deb
from tools.oci.layers.bytecode import compile_module
from tools.oci.layers.compression import compressor
from tools.oci.layers.entries import NONROOT, Entry, File, Folder, Link, write_layer

SITE_PACKAGES = "usr/local/lib/python3.11/site-packages"
"""Folder of the third-party code in every image, relative to the root."""

# Debian 12 packages still contain these top-level folders; an installed system has links into /usr in their place.
_MERGED_INTO_USR = {"bin", "lib", "lib32", "lib64", "sbin"}

# The first rule that matches a path decides whether it is kept.
_RULES: tuple[tuple[str, bool], ...] = (
    (r"usr/bin/python3\.\d+", True),
    (r"usr/s?bin/.*", False),
    # Parts of glibc that Python does not use: character sets for iconv, tracing and allocation checks.
    (r"usr/lib/[^/]+/(gconv|audit)/.*", False),
    (r"usr/lib/[^/]+/lib(BrokenLocale|c_malloc_debug|memusage|nss_hesiod|pcprofile|thread_db|expatw)\.so.*", False),
    (r"usr/lib/[^/]+/engines-3/.*", False),
    # Modules whose library is not in the lock, tests of the interpreter, and graphical modules.
    (
        r"usr/lib/python3\.\d+/lib-dynload/(_curses|_dbm|nis|ossaudiodev|readline|_test|_xxtest|xxlimited|_ctypes_test).*",
        False,
    ),
    (
        r"usr/lib/python3\.\d+/(curses|distutils|idlelib|lib2to3|pydoc_data|test|turtle\.py|unittest/test|venv)(/.*)?",
        False,
    ),
    (r"usr/lib/python3\.\d+/(sitecustomize|EXTERNALLY-MANAGED).*", False),
    (r"usr/lib/(binfmt\.d|valgrind)/.*", False),
    (r"usr/lib(64)?/.*", True),
    (r"usr/share/zoneinfo/(posix|right)/.*", False),
    (r"usr/share/zoneinfo/.*", True),
    (r"usr/share/ca-certificates/mozilla/.*\.crt", True),
    (r"usr/share/common-licenses/.*", True),
    (r"usr/share/doc/[^/]+/copyright", True),
    (r"etc/(debian_version|dpkg/origins/debian|ethertypes|host\.conf|mime\.types|os-release|protocols|services)", True),
    (r".*", False),
)

_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_LOOSE_CERTIFICATES = "usr/share/ca-certificates/"


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="merge")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--compression", choices=["gzip", "zstd"], required=True)
    parser.add_argument("debs", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    entries = merge([read_deb(path) for path in options.debs])
    write_layer(entries, options.output, compressor=compressor(options.compression))


def merge(debs: Iterable[Deb]) -> dict[str, Entry]:
    """Merge the kept files of all packages, and add the files that their install scripts would create."""
    merged: dict[str, Entry] = {}
    for deb in debs:
        merged |= {usr_path(path): entry for path, entry in deb.entries.items() if is_kept(usr_path(path), entry)}
        merged[f"var/lib/dpkg/status.d/{deb.name}"] = File(content=deb.control.encode())
    merged[_BUNDLE] = certificate_bundle(merged)
    merged = {path: entry for path, entry in merged.items() if not path.startswith(_LOOSE_CERTIFICATES)}
    return merged | _links_into_usr(merged) | _made_at_installation() | _compiled(merged)


def usr_path(path: str) -> str:
    """Return the path of a package's file after the merge of /bin, /lib and so on into /usr."""
    return f"usr/{path}" if path.partition("/")[0] in _MERGED_INTO_USR else path


def is_kept(path: str, entry: Entry) -> bool:
    """Return whether a path belongs in the image. Folders do not: they are added with their content."""
    return not isinstance(entry, Folder) and next(kept for rule, kept in _RULES if re.fullmatch(rule, path))


def certificate_bundle(entries: dict[str, Entry]) -> File:
    """Return all certificates of ca-certificates, sorted by name, as update-ca-certificates would enable them."""
    loose = sorted(path for path in entries if path.startswith(_LOOSE_CERTIFICATES))
    contents = [entry.content for path in loose if isinstance(entry := entries[path], File)]
    return File(content=b"".join(content.rstrip(b"\n") + b"\n" for content in contents))


def _links_into_usr(entries: Iterable[str]) -> dict[str, Entry]:
    """Return the links from /bin, /lib and so on into /usr, for folders that are not empty."""
    filled = {path.split("/")[1] for path in entries}
    return {name: Link(target=f"usr/{name}") for name in sorted(_MERGED_INTO_USR & filled)}


def _made_at_installation() -> dict[str, Entry]:
    return account_entries(NONROOT, NONROOT) | {
        "etc/localtime": Link(target="/usr/share/zoneinfo/Etc/UTC"),
        "etc/nsswitch.conf": File(content=b"passwd: files\ngroup: files\nhosts: files dns\n"),
        "etc/os-release": Link(target="../usr/lib/os-release"),
        "dev": Folder(),
        "proc": Folder(),
        "run": Folder(),
        "sys": Folder(),
        "tmp": Folder(mode=0o1777),
        "usr/lib/python3/dist-packages/image.pth": File(content=f"/app\n/{SITE_PACKAGES}\n".encode()),
        "usr/lib/ssl/cert.pem": Link(target=f"/{_BUNDLE}"),
        "usr/lib/ssl/certs": Link(target="/etc/ssl/certs"),
        SITE_PACKAGES: Folder(),
    }


def _compiled(entries: dict[str, Entry]) -> dict[str, Entry]:
    sources = {path: entry for path, entry in entries.items() if path.endswith(".py") and isinstance(entry, File)}
    return dict(compile_module(path, source.content) for path, source in sources.items())


if __name__ == "__main__":
    main(sys.argv[1:])

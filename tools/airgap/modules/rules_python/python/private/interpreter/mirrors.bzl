"""Mirrors of Debian's archives that this machine is configured to use. No address is written here.

`DEBIAN_MIRROR` and `DEBIAN_SECURITY_MIRROR` win; otherwise the apt sources of Debian's own suites. A machine may have
none, as Ubuntu and macOS do: `fetching.bzl` then asks Debian's snapshot archive.

tools/airgap/modules/rules_python/python/private/interpreter has a copy of this file, because neither module can load
from the other; a test compares them.
"""

_VARIABLES = {"debian": "DEBIAN_MIRROR", "debian-security": "DEBIAN_SECURITY_MIRROR"}

# One pool serves every suite of an archive, so that a machine that follows any of them has a mirror for us.
_SUITES = [
    "bookworm",
    "duke",
    "forky",
    "oldstable",
    "sid",
    "stable",
    "testing",
    "trixie",
    "unstable",
]

def _one_line_source(line):
    """`deb [options] URI SUITE COMPONENT...` -> (URI, SUITE), or None."""
    words = [word for word in line.removeprefix("deb ").split("] ")[-1].split(" ") if word]
    if not line.startswith("deb ") or len(words) < 3 or "main" not in words[2:]:
        return None
    return words[0].rstrip("/"), words[1]

def _deb822_sources(text):
    """The (URI, SUITE) pairs of one `.sources` file."""
    pairs = []
    for stanza in text.split("\n\n"):
        fields = {}
        for line in stanza.split("\n"):
            key, colon, value = line.partition(":")
            if colon and not line.startswith("#"):
                fields[key.strip().lower()] = value.strip().split(" ")
        if "main" in fields.get("components", []) and "no" not in fields.get("enabled", []):
            pairs.extend([(uri.rstrip("/"), suite) for uri in fields.get("uris", []) for suite in fields.get("suites", [])])
    return pairs

def _apt_sources(rctx):
    """Every (URI, SUITE) with a `main` component that apt of this machine reads, in its order."""
    pairs = []
    folder = rctx.path("/etc/apt/sources.list.d")
    files = [rctx.path("/etc/apt/sources.list")] + (folder.readdir() if folder.exists else [])
    for file in [file for file in files if file.exists]:
        text = rctx.read(file, watch = "no")
        if file.basename.endswith(".sources"):
            pairs.extend(_deb822_sources(text))
        elif file.basename.endswith(".list"):
            pairs.extend([pair for pair in [_one_line_source(line) for line in text.split("\n")] if pair])
    return [pair for pair in pairs if pair[0].startswith("http")]

def _is_foreign(rctx, uri, suite):
    """Whether apt has read a Release file of this source and its Origin is not Debian."""
    name = (uri.split("://", 1)[1] + "/dists/" + suite).replace("/", "_") + "_InRelease"
    release = rctx.path("/var/lib/apt/lists/" + name)
    return release.exists and "\nOrigin: Debian\n" not in rctx.read(release, watch = "no")

def _mirrors_from_apt(rctx, security):
    """The addresses of Debian's own suites, in apt's order. A wrong guess does no harm: every file has its hash."""
    found = {}
    for uri, suite in _apt_sources(rctx):
        name = suite.split("/")[0].removesuffix("-security")
        if name in _SUITES and (name != suite) == security and not _is_foreign(rctx, uri, suite):
            found[uri] = None
    return found.keys()

def debian_mirrors(rctx, archive):
    """Finds the mirrors to ask for the files of an archive, best first.

    Args:
      rctx: repository context.
      archive: `debian` or `debian-security`.

    Returns:
      list of addresses without a final slash; empty where this machine knows no mirror.
    """
    if archive not in _VARIABLES:
        fail("a Debian lock names the archive '{}'; known are {}".format(archive, ", ".join(_VARIABLES)))
    named = rctx.getenv(_VARIABLES[archive], "").rstrip("/")
    if named:
        return [named]
    if archive == "debian":
        return _mirrors_from_apt(rctx, security = False)
    beside = rctx.getenv("DEBIAN_MIRROR", "").rstrip("/")
    if beside:
        return [beside + "-security"]
    found = _mirrors_from_apt(rctx, security = True)

    # Most mirrors of the main archive have the security archive beside it.
    guesses = [mirror + "-security" for mirror in _mirrors_from_apt(rctx, security = False)]
    return found or guesses

"""Fetches the packages of a Debian lock: from mirrors, else from the snapshot archive, else older versions.

The security archive deletes superseded files, the main archive of a stable Debian does not. So the lock gives each package
of the security archive a `fallback`, the version in the main archive, which is used when the locked one is nowhere.

tools/airgap/modules/rules_python/python/private/interpreter has a copy of this file, because neither module can load
from the other; a test compares them.
"""

load(":mirrors.bzl", "debian_mirrors")

# Debian's archive of all earlier states. The variable names a mirror of it; tests serve one on loopback.
_SNAPSHOT_ARCHIVE = "https://snapshot.debian.org/archive"
_SNAPSHOT_VARIABLE = "DEBIAN_SNAPSHOT_ARCHIVE"

# Bazel retries an address that does not answer for minutes, so an offline machine asks once, with a limit, beforehand.
_PROBE_SECONDS = 5
_PROBES = {
    "curl": ["-sSIo", "/dev/null", "--max-time", str(_PROBE_SECONDS)],
    "python3": [
        "-c",
        """\
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout={})
except urllib.error.HTTPError:
    pass
""".format(_PROBE_SECONDS),
    ],
}

# Bazel fetches plain http by known hash only, and the found hash is what the message should say.
_FETCHERS = {
    "curl": ["-fsSLo"],
    "python3": ["-c", "import sys, urllib.request; urllib.request.urlretrieve(sys.argv[2], sys.argv[1])"],
}

def _command(rctx, commands):
    """The first command whose program this machine has, or None."""
    found = [[program] + words for program, words in commands.items() if rctx.which(program)]
    return found[0] if found else None

def _found_sha256(rctx, url):
    """The hash of the file at an address, or None."""
    if url.startswith("http://"):
        fetched = rctx.path("found.deb")
        fetcher = _command(rctx, _FETCHERS)
        if not fetcher or rctx.execute(fetcher + [fetched, url]).return_code != 0:
            return None
        url = "file://{}".format(fetched)
    found = rctx.download(url, "found", allow_fail = True)
    return found.sha256 if found.success else None

def _archive(package):
    return package.get("archive", "debian")

def _fail_if_changed(rctx, package, mirrors):
    """Stops if an address has a file with another hash: a changed file is never a reason to use an older version."""
    for mirror in mirrors:
        url = mirror + "/" + package["path"]
        found = _found_sha256(rctx, url)
        if found and found != package["sha256"]:
            fail(("Debian package {}: expected sha256 {}, found {} at {}. " +
                  "The file was changed on the mirror or on the way.").format(
                "{name} {version}".format(**package),
                package["sha256"],
                found,
                url,
            ))

def _download(rctx, packages, mirrors):
    """Downloads packages side by side from the mirrors of their archives; returns those that no mirror has."""
    pending = [
        (package, rctx.download(
            [mirror + "/" + package["path"] for mirror in mirrors[_archive(package)]],
            "debs/{}.deb".format(package["name"]),
            sha256 = package["sha256"],
            allow_fail = True,
            block = False,
        ))
        for package in packages
        if mirrors[_archive(package)]
    ]
    fetched = {package["name"]: None for package, token in pending if token.wait().success}
    missing = [package for package in packages if package["name"] not in fetched]
    for package in missing:
        _fail_if_changed(rctx, package, mirrors[_archive(package)])
    return missing

def _snapshots(rctx, archives, moment):
    """The snapshot archive's address for each archive at a moment; none if it does not answer in time."""
    base = rctx.getenv(_SNAPSHOT_VARIABLE, "").rstrip("/") or _SNAPSHOT_ARCHIVE
    probe = None if base.startswith("file://") else _command(rctx, _PROBES)
    if probe and rctx.execute(probe + [base + "/"], timeout = 2 * _PROBE_SECONDS).return_code != 0:
        return {archive: [] for archive in archives}
    return {archive: ["{}/{}/{}".format(base, archive, moment)] for archive in archives}

def _folder(package):
    return package["path"].rpartition("/")[0]

def _with_fallback(packages, missing):
    """The packages with their older versions for all that is missing.

    All packages in one pool folder are of one source, and its parts fit together in one version only.
    """
    folders = {_folder(package): None for package in missing}
    return [
        {key: value for key, value in (package | package["fallback"]).items() if key not in ["archive", "fallback"]} if (
            "fallback" in package and _folder(package) in folders
        ) else package
        for package in packages
    ]

def _fail_missing(package, mirrors, moment, update):
    places = [mirror + "/" + package["path"] for mirror in mirrors[_archive(package)]]
    fail(("Debian package {name} {version}: expected sha256 {sha256}, found no such file at {places}" +
          " nor in the snapshot archive at {moment}. Set DEBIAN_MIRROR to a mirror that has it, or make the lock anew:" +
          " bazel run {update}").format(
        update = update,
        places = " or ".join(places) if places else "any mirror (none is configured)",
        moment = moment,
        **{key: package[key] for key in ["name", "version", "sha256"]}
    ))

def fetch_packages(rctx, packages, moment, update):
    """Downloads packages to `debs/NAME.deb`.

    Fails if a file has another hash, or if neither a package nor its fallback can be had.

    Args:
      rctx: repository context.
      packages: list of dicts with `name`, `version`, `path`, `sha256` and optionally `archive` and `fallback`.
      moment: timestamp at which the snapshot archive has all of them.
      update: label of the command that makes their lock anew.

    Returns:
      struct of `packages`, the list with the versions that were used, and `outdated`, a list of dicts with `package`,
      `wanted` and `used` for those whose older version was used.
    """
    archives = {_archive(package): None for package in packages} | {"debian": None}
    mirrors = {archive: debian_mirrors(rctx, archive) for archive in archives}
    snapshots = None
    missing = _download(rctx, packages, mirrors)
    if missing:
        snapshots = _snapshots(rctx, archives, moment)
        missing = _download(rctx, missing, snapshots)
    if not missing:
        return struct(packages = packages, outdated = [])

    used = _with_fallback(packages, missing)
    replaced = [(old, new) for old, new in zip(packages, used) if old != new]
    absent = _download(rctx, [new for _, new in replaced], mirrors)
    absent = _download(rctx, absent, snapshots) if absent else []
    unavailable = {package["name"]: None for package in absent}
    for package in missing:
        if "fallback" not in package or package["name"] in unavailable:
            _fail_missing(package, mirrors, moment, update)
    outdated = [
        {"package": old["name"], "used": new["version"], "wanted": old["version"]}
        for old, new in replaced
    ]
    return struct(packages = used, outdated = outdated)

def warn_outdated(what, outdated, update):
    """Prints one line for packages whose older version is used.

    Args:
      what: the thing that is made of them.
      outdated: what `fetch_packages` returned.
      update: label of the command that makes the lock anew.
    """
    if outdated:
        # buildifier: disable=print
        print("\nWARNING: {} is OUTDATED: the locked version is on no mirror and not in the snapshot archive: {}. Run: {}".format(
            what,
            ", ".join(["{package} {wanted} (using {used})".format(**package) for package in outdated]),
            "bazel run " + update,
        ))

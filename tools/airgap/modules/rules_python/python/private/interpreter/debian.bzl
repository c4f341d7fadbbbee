"""Unpacks the packages of a Debian lock."""

load(":fetching.bzl", "fetch_packages", "warn_outdated")

_UPDATE = "//tools/oci/base:update"

def unpack(rctx, packages, *, moment, output):
    """Downloads Debian packages side by side and unpacks their files over one another.

    Args:
        rctx: the repository context.
        packages: a list of dicts as in a Debian lock.
        moment: timestamp at which Debian's snapshot archive has all of them.
        output: the folder that becomes their root.

    Returns:
        The list with the versions that were used.
    """
    fetched = fetch_packages(rctx, packages, moment, _UPDATE)
    warn_outdated("the interpreter of the air-gapped mode", fetched.outdated, _UPDATE)
    for package in fetched.packages:
        name = package["name"]
        rctx.extract("debs/{}.deb".format(name), output = "debs/" + name)
        for member in rctx.path("debs/" + name).readdir():
            if member.basename.startswith("data.tar"):
                rctx.extract(member, output = output)
    rctx.delete("debs")
    return fetched.packages

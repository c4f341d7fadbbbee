"""Where Debian packages come from: this machine's mirror, then Debian's archive of old states by time stamp."""

_SNAPSHOT = "https://snapshot.debian.org/archive/debian/"

def _mirrors(rctx):
    """Lists the mirrors of this machine: the one that is named, else the one that its apt uses."""
    named = rctx.getenv("DEBIAN_MIRROR")
    if named:
        return [named.rstrip("/")]
    sources = rctx.path("/etc/apt/sources.list")
    lines = rctx.read(sources, watch = "no").splitlines() if sources.exists else []
    mirrors = []
    for line in lines:
        # `deb [options] ADDRESS SUITE COMPONENT...`
        kind, _, rest = line.partition(" ")
        address = rest.rpartition("]")[2].strip().partition(" ")[0]
        if kind == "deb" and address.startswith("http"):
            mirrors.append(address.rstrip("/"))
    return mirrors[:1]

def unpack(rctx, packages, *, snapshot, output):
    """Downloads Debian packages side by side and unpacks their files over one another.

    Args:
        rctx: the repository context.
        packages: a list of dicts with `name`, `version`, `path` and `sha256`.
        snapshot: time stamp of an archive state that holds them, should the mirror have dropped one.
        output: the folder that becomes their root.
    """
    bases = _mirrors(rctx) + [_SNAPSHOT + snapshot]
    pending = [
        (package["name"], rctx.download(
            block = False,
            output = "debs/{}.deb".format(package["name"]),
            sha256 = package["sha256"],
            url = ["{}/{}".format(base, package["path"]) for base in bases],
        ))
        for package in packages
    ]
    for name, download in pending:
        download.wait()
        rctx.extract("debs/{}.deb".format(name), output = "debs/" + name)
        for member in rctx.path("debs/" + name).readdir():
            if member.basename.startswith("data.tar"):
                rctx.extract(member, output = output)
    rctx.delete("debs")

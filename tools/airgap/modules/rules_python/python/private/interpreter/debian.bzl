"""Where Debian packages come from: this machine's mirror."""

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

def unpack(rctx, packages, *, output):
    """Downloads Debian packages side by side and unpacks their files over one another.

    Args:
        rctx: the repository context.
        packages: a list of dicts with `name`, `version`, `path` and `sha256`.
        output: the folder that becomes their root.
    """
    bases = _mirrors(rctx)
    if not bases:
        fail("apt names no mirror here; set DEBIAN_MIRROR to a mirror of Debian's archive")
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

"""Where Debian packages come from: this machine's mirror, then Debian's archive of old states by time stamp."""

def mirror(rctx):
    """Finds the Debian mirror of this machine.

    Args:
        rctx: the repository context.

    Returns:
        A URL without a final slash.
    """
    named = rctx.getenv("DEBIAN_MIRROR")
    if named:
        return named.rstrip("/")
    sources = rctx.path("/etc/apt/sources.list")
    if sources.exists:
        for line in rctx.read(sources, watch = "no").splitlines():
            words = [word for word in line.split(" ") if word and not word.startswith("[")]
            if len(words) > 2 and words[0] == "deb":
                return words[1].rstrip("/")
    fail("No Debian mirror is known. Set DEBIAN_MIRROR to one, for example with --repo_env=DEBIAN_MIRROR=http://...")

def unpack(rctx, packages, *, snapshot, output):
    """Downloads Debian packages side by side and unpacks their files over one another.

    Args:
        rctx: the repository context.
        packages: a list of dicts with `name`, `version`, `path` and `sha256`.
        snapshot: URL of the archive state that holds them should the mirror have dropped one.
        output: the folder that becomes their root.
    """
    origin = mirror(rctx)
    pending = [
        (package, rctx.download(
            block = False,
            output = "debs/{}.deb".format(package["name"]),
            sha256 = package["sha256"],
            url = ["{}/{}".format(base, package["path"]) for base in (origin, snapshot)],
        ))
        for package in packages
    ]
    for package, download in pending:
        download.wait()
        folder = "debs/" + package["name"]
        rctx.extract("debs/{}.deb".format(package["name"]), output = folder)
        data = [entry for entry in rctx.path(folder).readdir() if entry.basename.startswith("data.tar")]
        rctx.extract(data[0], output = output)
    rctx.delete("debs")

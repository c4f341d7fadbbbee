"""The distributions in the closure of a target, and an error if the closure has two versions of one."""

visibility(["//tools/..."])

DistributionsInfo = provider(
    doc = "The distributions that a target adds to `sys.path`. Programs in its `data` run in other processes.",
    fields = {
        "all": "depset of structs with `name` and `version`",
        "below": "list of DistributionsInfo of its deps",
        "label": "Label of the target",
        "own": "list of such structs, of the wheel that the target itself is",
    },
)

def _distribution(file):
    """Returns name and version from the path of a wheel's METADATA; None for any other file."""
    if not file.path.endswith(".dist-info/METADATA"):
        return None
    name, _, version = file.dirname.split("/")[-1].removesuffix(".dist-info").partition("-")
    return struct(name = name.lower(), version = version)

def _distributions_impl(target, ctx):
    own = [
        _distribution(file)
        for attribute in ["srcs", "data"]
        for file in getattr(ctx.rule.files, attribute, [])
        if _distribution(file)
    ] if target.label.workspace_name else []
    below = [dep[DistributionsInfo] for dep in getattr(ctx.rule.attr, "deps", []) if DistributionsInfo in dep]
    return [DistributionsInfo(
        all = depset(own, transitive = [info.all for info in below]),
        below = below,
        label = target.label,
        own = own,
    )]

distributions = aspect(
    implementation = _distributions_impl,
    attr_aspects = ["deps"],
    doc = "Collects the distributions in the closure of `deps`.",
)

# An upper limit for the number of targets in a closure, because Starlark has only bounded loops.
_MOST_TARGETS = 1000000

def _path(infos, distribution):
    """Returns the labels on a shortest path from one of the targets to a distribution."""
    paths = [[info] for info in infos]
    seen = {}
    for _ in range(_MOST_TARGETS):
        path = paths.pop(0)
        if distribution in path[-1].own:
            return " -> ".join([str(info.label).removeprefix("@@") for info in path])
        for info in path[-1].below:
            # A target in two configurations can have different distributions.
            if (info.label, info.all) not in seen:
                seen[(info.label, info.all)] = None
                paths.append(path + [info])
    return ""

def clash(infos):
    """Looks for a distribution in two versions.

    Args:
      infos: list of DistributionsInfo of what one process imports.

    Returns:
      A sentence that names both paths, or None.
    """
    found = {}

    # The two modes have the distributions in different orders; sort them, so that the sentence names the same one.
    everything = depset(transitive = [info.all for info in infos]).to_list()
    for distribution in sorted(everything, key = lambda distribution: distribution.name):
        other = found.setdefault(distribution.name, distribution)
        if other.version != distribution.version:
            return "{} is there in two versions, {} by {} and {} by {}; put all of it on one track (docs/tracks.md)".format(
                distribution.name,
                other.version,
                _path(infos, other),
                distribution.version,
                _path(infos, distribution),
            )
    return None

"""Chooses a wheel for a platform the way rules_python 2.3.2 does: lowest manylinux, then Python, then ABI."""

_PYTHON = {"cp311": (1, 11)} | {"cp3{}".format(minor): (1, minor) for minor in range(2, 11)} | {
    "py3": (0, 0),
} | {"py3{}".format(minor): (0, minor) for minor in range(1, 12)}
_ABI = {"abi3": 1, "cp311": 2, "none": 0}
_OLD_NAMES = {"manylinux1": "manylinux_2_5", "manylinux2010": "manylinux_2_12", "manylinux2014": "manylinux_2_17"}

def _platform_rank(tag, platform):
    """Ranks a platform tag; None where it does not run on the platform."""
    system, _, machine = platform.partition("_")
    if tag == "any":
        return (0, 0, 0)
    if system == "osx":
        suffixes = ["universal2", {"aarch64": "arm64"}.get(machine, machine)]
        for rank, suffix in enumerate(suffixes):
            if tag.startswith("macosx_") and tag.endswith("_" + suffix):
                major, minor = tag.split("_")[1:3]
                return (1 + rank, -int(major), -int(minor))
        return None
    if tag == platform:
        return (1, 0, 0)
    if not tag.endswith("_" + machine):
        return None
    base = tag.removesuffix("_" + machine)
    words = _OLD_NAMES.get(base, base).split("_")
    if words[0] != "manylinux":
        return None
    return (2, -int(words[1]), -int(words[2]))

def _rank(filename, platform):
    """Ranks a wheel by the best of its tags; None where none fits."""
    pythons, abis, platforms = [part.split(".") for part in filename.removesuffix(".whl").split("-")[-3:]]
    ranks = [
        (_platform_rank(tag, platform), _PYTHON[python], _ABI[abi])
        for tag in platforms
        for python in pythons
        for abi in abis
        if python in _PYTHON and abi in _ABI and _platform_rank(tag, platform)
    ]
    return max(ranks) if ranks else None

def choose(files, platform):
    """Chooses the wheel to unpack.

    Args:
        files: structs with a `filename`.
        platform: like `linux_x86_64`.

    Returns:
        One of the files, or None where none runs on the platform.
    """
    best = None
    best_rank = None
    for file in files:
        rank = _rank(file.filename, platform) if file.filename.endswith(".whl") else None
        if rank and (best_rank == None or rank > best_rank):
            best = file
            best_rank = rank
    return best

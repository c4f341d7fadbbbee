"""Reads requirements_lock.txt: exact pins with hashes, as `uv pip compile --generate-hashes` writes them."""

load(":names.bzl", "normalize")

_HASH = "--hash=sha256:"

def _logical_lines(text):
    """Joins continued lines; comments stay lines of their own."""
    lines = []
    continued = False
    for raw in text.splitlines():
        line = raw.strip()
        if continued:
            lines[-1] += " " + line.removesuffix("\\").rstrip()
        else:
            lines.append(line.removesuffix("\\").rstrip())
        continued = line.endswith("\\")
    return lines

def split_extras(text):
    """Splits `name[a,b]` into the normalised name and a list of extras.

    Args:
        text: a requirement without version and marker.

    Returns:
        The name and the extras.
    """
    name, _, extras = text.partition("[")
    extras = [normalize(extra.strip()) for extra in extras.partition("]")[0].split(",") if extra.strip()]
    return normalize(name.strip()), extras

def _pin(line, where):
    words = line.split(" " + _HASH)
    requirement, _, marker = words[0].partition(";")
    name, separator, version = requirement.partition("==")
    if not separator or len(words) == 1:
        fail("{}: `{}` is not an exact pin with hashes. Make the lock with --generate-hashes.".format(where, requirement.strip()))
    name, extras = split_extras(name)
    return struct(
        extras = extras,
        files = {},
        hashes = [word.strip() for word in words[1:]],
        marker = marker.strip(),
        name = name,
        version = version.strip(),
    )

def parse_lock(text, *, where):
    """Reads a lock.

    A comment `# sha256:HASH FILENAME` below a pin names one of its files. With it no index is asked which file a
    hash belongs to, so that a warm repository cache serves a build without a network.

    Args:
        text: the lock.
        where: its label, for messages.

    Returns:
        A list of structs with `name`, `extras`, `version`, `marker`, `hashes` and `files` (file name by hash).
    """
    pins = []
    for line in _logical_lines(text):
        if line.startswith("# sha256:") and pins:
            digest, _, filename = line.removeprefix("# sha256:").partition(" ")
            pins[-1].files[digest] = filename
        elif line.startswith("-"):
            fail("{}: the air-gapped rules_python reads pins alone, not the option `{}`.".format(where, line))
        elif line and not line.startswith("#"):
            pins.append(_pin(line, where))
    return pins

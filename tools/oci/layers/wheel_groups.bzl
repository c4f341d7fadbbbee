"""Which wheels are a layer of their own, and which share one. Edit this list when `image_test` says so.

The rule looks at a wheel alone, never at the other wheels of a service, so that two services with the same wheels have
the same layers. docs/decisions/0016-wheels-in-few-layers.md has the measurements.
"""

visibility("//tools/oci/layers/...")

# Wheels whose layer is above 1 MB, compressed. An image holds at most 7 of them: 12 layers, less the 5 groups below.
LARGE_WHEELS = [
    "asyncpg",
    "cryptography",
    "pydantic",
    "pydantic_core",
    "redis",
    "sqlalchemy",
    "uvloop",
]

# Small wheels of Python alone, by the first letter of the name. Their bytes are the same for all architectures, so that
# a registry has them once. The ranges are of about equal size; a bump of a wheel pushes its range.
_RANGES = {
    "a-c": "abc",
    "d-h": "defgh",
    "i-r": "ijklmnopqr",
}

# What begins with another letter, or with none.
_LAST_RANGE = "s-z"

# Small wheels with shared libraries: other bytes for each architecture.
_NATIVE = "native"

def wheel_group(name, *, native):
    """Returns the group of a small wheel.

    Args:
      name: name of the distribution, in lower case.
      native: whether the wheel holds shared libraries.

    Returns:
      string, the name of the group and of its layer.
    """
    if native:
        return _NATIVE
    for group, letters in _RANGES.items():
        if name[0] in letters:
            return group
    return _LAST_RANGE

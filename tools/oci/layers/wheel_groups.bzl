"""The wheels with a separate layer, and the groups of wheels that share a layer. `image_test` fails when it has to be
edited.

The group of a wheel does not depend on the other wheels of a service, so that two services with the same wheels have
the same layers. docs/decisions/0016-wheels-in-few-layers.md has the measurements.
"""

visibility("//tools/oci/layers/...")

# Wheels whose compressed layer exceeds 1 MB. An image can have at most 7 of them: 12 layers minus the 5 groups below.
LARGE_WHEELS = [
    "asyncpg",
    "cryptography",
    "pydantic",
    "pydantic_core",
    "redis",
    "sqlalchemy",
    "uvloop",
]

# Small pure-Python wheels, by the first letter of the name. Their bytes are the same for all architectures, so that a
# registry has them once. The ranges are of about equal size; an update of a wheel pushes its range.
_RANGES = {
    "a-c": "abc",
    "d-h": "defgh",
    "i-r": "ijklmnopqr",
}

# Names that begin with other characters.
_LAST_RANGE = "s-z"

# Small wheels with shared libraries, whose bytes differ between architectures.
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

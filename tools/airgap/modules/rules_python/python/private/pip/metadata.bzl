"""Reads what a wheel needs out of its METADATA."""

load(":lock.bzl", "split_extras")
load(":markers.bzl", "environment", "evaluate")

_PYTHON = "3.11.2"

def _requirements(metadata):
    """Lists `Requires-Dist` as (name, extras, marker)."""
    requirements = []
    for line in metadata.partition("\n\n")[0].splitlines():
        if not line.startswith("Requires-Dist:"):
            continue
        requirement, _, marker = line.partition(":")[2].partition(";")
        for end in "(<>=!~@ ".elems():
            requirement = requirement.strip().partition(end)[0]
        name, extras = split_extras(requirement)
        requirements.append((name, extras, marker.strip()))
    return requirements

def dependencies(metadata, *, name, extras, platform):
    """Lists what a wheel needs on a platform.

    Args:
        metadata: the text of METADATA.
        name: the wheel's own distribution, which may ask for more of its extras.
        extras: extras that the lock asks for.
        platform: like `linux_x86_64`.

    Returns:
        Normalised names, sorted.
    """
    variables = environment(platform, python = _PYTHON)
    requirements = _requirements(metadata.replace("\r\n", "\n"))
    wanted = {extra: None for extra in [""] + extras}
    needs = {}

    # A distribution may ask for extras of itself, those for more: each round follows one step.
    for _ in requirements:
        for other, asked, marker in requirements:
            if not any([evaluate(marker, variables | {"extra": extra}) for extra in wanted]):
                continue
            if other == name:
                wanted.update({extra: None for extra in asked})
            else:
                needs[other] = None
    return sorted(needs)

"""Platforms of `pip.parse`: those that rules_python has built in, and what `pip.default` makes of them."""

_ABI_TAGS = ["abi3", "cp{major}{minor}"]
_MACHINES = {
    "linux_aarch64": ["linux_aarch64", "manylinux_*_aarch64"],
    "linux_x86_64": ["linux_x86_64", "manylinux_*_x86_64"],
    "osx_aarch64": ["macosx_*_universal2", "macosx_*_arm64"],
    "osx_x86_64": ["macosx_*_universal2", "macosx_*_x86_64"],
}

def _machine(platform):
    return "{}_{}".format(platform.os_name, platform.arch_name)

def _built_in(machine):
    os_name, _, arch_name = machine.partition("_")
    return struct(
        arch_name = arch_name,
        config_settings = [
            str(Label("@platforms//cpu:" + arch_name)),
            str(Label("@platforms//os:" + os_name)),
        ],
        env = {"platform_version": "14.0" if os_name == "osx" else "0"},
        name = machine,
        os_name = os_name,
        whl_abi_tags = _ABI_TAGS,
        whl_platform_tags = _MACHINES[machine],
    )

def built_in_platforms():
    """Returns the platforms that are there unasked, as structs by their names."""
    return {machine: _built_in(machine) for machine in _MACHINES}

def _refuse_uncovered(platform):
    """Stops for what would choose other wheels than this module does."""
    if _machine(platform) not in _MACHINES:
        fail("pip.default(platform = \"{}\"): os_name and arch_name are \"{}\" and \"{}\"; the air-gapped rules_python knows {}.".format(
            platform.name,
            platform.os_name,
            platform.arch_name,
            ", ".join(_MACHINES),
        ))
    expected = _built_in(_machine(platform))
    for attribute in ["env", "whl_abi_tags", "whl_platform_tags"]:
        if getattr(platform, attribute) != getattr(expected, attribute):
            fail("pip.default(platform = \"{}\"): {} is {}; the air-gapped rules_python covers {} alone.".format(
                platform.name,
                attribute,
                getattr(platform, attribute),
                getattr(expected, attribute),
            ))

def configure_platform(platforms, tag):
    """Adds a platform, or changes the attributes of one that the tag gives.

    Args:
        platforms: structs by name; changed.
        tag: `pip.default`.
    """
    given = {
        "arch_name": tag.arch_name,
        "config_settings": [str(label) for label in tag.config_settings],
        "env": tag.env,
        "os_name": tag.os_name,
        "whl_abi_tags": tag.whl_abi_tags,
        "whl_platform_tags": tag.whl_platform_tags,
    }
    if not [value for value in given.values() if value]:
        fail("pip.default(platform = \"{}\") says nothing of it, which deletes it; the air-gapped rules_python does not cover that.".format(
            tag.platform,
        ))
    before = platforms.get(tag.platform)
    platform = struct(name = tag.platform, **{
        name: value or (getattr(before, name) if before else value)
        for name, value in given.items()
    })
    _refuse_uncovered(platform)
    platforms[tag.platform] = platform

def locks_by_platform(tag, names):
    """Says which lock each platform takes.

    Args:
        tag: `pip.parse`.
        names: the platforms.

    Returns:
        Dict from the name of a platform to the label of its lock.
    """
    locks = {}
    for lock, platforms in tag.requirements_by_platform.items():
        for name in platforms.split(","):
            locks[name.strip()] = lock
    for name in names:
        if name not in locks:
            if not tag.requirements_lock:
                fail("pip.parse(hub_name = \"{}\"): neither requirements_by_platform nor requirements_lock has a lock for {}.".format(
                    tag.hub_name,
                    name,
                ))
            locks[name] = tag.requirements_lock
    return {name: locks[name] for name in names}

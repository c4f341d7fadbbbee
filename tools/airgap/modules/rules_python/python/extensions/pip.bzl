"""`pip.parse`: third-party code out of a lock."""

load("//python/private/pip:hub.bzl", "hub_repository")
load("//python/private/pip:index.bzl", "package_indexes")
load("//python/private/pip:lock.bzl", "parse_lock")
load("//python/private/pip:markers.bzl", "environment", "evaluate")
load("//python/private/pip:platforms.bzl", "built_in_platforms", "configure_platform", "locks_by_platform")
load("//python/private/pip:wheel.bzl", "wheel_repository")

_PYTHON = "3.11"
_INDEXES = "package_indexes"

# Wheels of the machine that builds; the sealed root is amd64.
_HOST = "linux_x86_64"

# Attributes of the original that would change what is built; each is here to be refused in words.
_UNCOVERED = {
    "download_only": attr.bool(),
    "environment": attr.string_dict(),
    "experimental_extra_index_urls": attr.string_list(),
    "experimental_index_url": attr.string(),
    "experimental_index_url_overrides": attr.string_dict(),
    "experimental_requirement_cycles": attr.string_list_dict(),
    "extra_hub_aliases": attr.string_list_dict(),
    "extra_pip_args": attr.string_list(),
    "pip_data_exclude": attr.string_list(),
    "pyproject_toml": attr.label(),
    "python_interpreter": attr.string(),
    "python_interpreter_target": attr.label(),
    "requirements_darwin": attr.label(),
    "requirements_linux": attr.label(),
    "requirements_windows": attr.label(),
    "uv_lock": attr.label(),
    "whl_modifications": attr.label_keyed_string_dict(),
}

def _refuse_uncovered(tag):
    for name in _UNCOVERED:
        if getattr(tag, name):
            fail("pip.parse(hub_name = \"{}\"): the air-gapped rules_python does not cover `{}`. README.md beside its MODULE.bazel lists what it does.".format(
                tag.hub_name,
                name,
            ))

def _targets(tag, platforms):
    """Lists the platforms that can be built here: Linux; a macOS wheel is for registry mode."""
    names = [name.replace("{os}_{arch}", _HOST) for name in tag.target_platforms or [_HOST]]
    unknown = [name for name in names if name not in platforms]
    if unknown:
        fail("pip.parse(hub_name = \"{}\"): target_platforms names {}, and there are {}; a pip.default adds one.".format(
            tag.hub_name,
            ", ".join(unknown),
            ", ".join(sorted(platforms)),
        ))
    return [platforms[name] for name in names if platforms[name].os_name == "linux"]

def _declare_wheel(tag, pin, platform, *, declared):
    """Declares the repository of a wheel; platforms of one machine whose locks have the same line share it."""
    machine = "{}_{}".format(platform.os_name, platform.arch_name)
    line = json.encode([machine, pin.name, pin.version, pin.extras, pin.hashes])
    if line in declared:
        return declared[line]
    prefix = "{}_{}_{}_".format(tag.hub_name, _PYTHON.replace(".", ""), pin.name)
    name = prefix + (platform.name if prefix + machine in declared.values() else machine)
    declared[line] = name
    wheel_repository(
        name = name,
        distribution = pin.name,
        extras = pin.extras,
        files = pin.files,
        hashes = pin.hashes,
        hub = tag.hub_name,
        indexes = "@{}//:indexes.json".format(_INDEXES),
        platform = machine,
        runs_here = machine == _HOST,
        version = pin.version,
    )
    return name

def _declare_hub(mctx, tag, platforms):
    _refuse_uncovered(tag)
    if tag.python_version != _PYTHON:
        fail("pip.parse(python_version = \"{}\"): the air-gapped rules_python has Python {} alone.".format(
            tag.python_version,
            _PYTHON,
        ))
    if not tag.enable_implicit_namespace_pkgs:
        fail("pip.parse(hub_name = \"{}\"): the air-gapped rules_python writes no __init__.py into namespace packages. ".format(tag.hub_name) +
             "Say enable_implicit_namespace_pkgs = True, so that registry mode writes none either.")
    targets = _targets(tag, platforms)
    locks = locks_by_platform(tag, [platform.name for platform in targets])
    pins = {lock: parse_lock(mctx.read(lock), where = str(lock)) for lock in locks.values()}
    distributions = {}
    declared = {}
    for platform in targets:
        variables = environment("{}_{}".format(platform.os_name, platform.arch_name), python = _PYTHON + ".2")
        for pin in pins[locks[platform.name]]:
            if evaluate(pin.marker, variables):
                distributions.setdefault(pin.name, {})[platform.name] = _declare_wheel(tag, pin, platform, declared = declared)
    hub_repository(
        name = tag.hub_name,
        distributions = json.encode(distributions),
        settings = {platform.name: platform.config_settings for platform in targets},
    )

def _pip_impl(mctx):
    package_indexes(name = _INDEXES)
    platforms = built_in_platforms()
    for module in mctx.modules:
        # As in the original, a module that others depend on changes no platform.
        for tag in module.tags.default if module.is_root else []:
            configure_platform(platforms, tag)
    hubs = {}
    for module in mctx.modules:
        for tag in module.tags.parse:
            if tag.hub_name in hubs:
                fail("pip.parse(hub_name = \"{}\") is said twice; the air-gapped rules_python wants one call for each hub.".format(tag.hub_name))
            hubs[tag.hub_name] = None
            _declare_hub(mctx, tag, platforms)
    return mctx.extension_metadata(reproducible = True)

_default = tag_class(
    doc = "Adds a platform, or changes one.",
    attrs = {
        "arch_name": attr.string(doc = "Processor, like `x86_64`."),
        "config_settings": attr.label_list(doc = "What must hold of a build for this platform."),
        "env": attr.string_dict(doc = "Only {\"platform_version\": \"0\"}, or \"14.0\" for macOS."),
        "os_name": attr.string(doc = "`linux` or `osx`."),
        "platform": attr.string(doc = "Name of the platform.", mandatory = True),
        "whl_abi_tags": attr.string_list(doc = "Only [\"abi3\", \"cp{major}{minor}\"]."),
        "whl_platform_tags": attr.string_list(doc = "Only those of the built-in platform of the same machine."),
    },
)

_parse = tag_class(
    doc = "Makes a hub `@hub_name` of a lock.",
    attrs = _UNCOVERED | {
        "enable_implicit_namespace_pkgs": attr.bool(doc = "Only True: namespace packages are left as they are."),
        "hub_name": attr.string(doc = "Name of the hub.", mandatory = True),
        "python_version": attr.string(doc = "Only \"3.11\".", mandatory = True),
        "requirements_by_platform": attr.label_keyed_string_dict(doc = "Platforms, separated by commas, by their lock."),
        "requirements_lock": attr.label(doc = "Exact pins with hashes, for platforms that no other attribute names."),
        "target_platforms": attr.string_list(doc = "Like `linux_x86_64`; without it only this machine's."),
    },
)

pip = module_extension(
    doc = "Third-party code.",
    implementation = _pip_impl,
    tag_classes = {"default": _default, "parse": _parse},
)

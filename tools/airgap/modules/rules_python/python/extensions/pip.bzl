"""`pip.parse`: third-party code out of a lock."""

load("//python/private/pip:hub.bzl", "hub_repository")
load("//python/private/pip:index.bzl", "package_indexes")
load("//python/private/pip:lock.bzl", "parse_lock")
load("//python/private/pip:markers.bzl", "environment", "evaluate")
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
    "requirements_by_platform": attr.label_keyed_string_dict(),
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

def _platforms(tag):
    """Lists the platforms of a lock that can be built here: Linux; a macOS wheel is for registry mode."""
    platforms = [
        platform.replace("{os}_{arch}", _HOST)
        for platform in tag.target_platforms or [_HOST]
    ]
    return [platform for platform in platforms if platform.startswith("linux_")]

def _declare_wheel(tag, pin, platform):
    name = "{}_{}_{}_{}".format(tag.hub_name, _PYTHON.replace(".", ""), pin.name, platform)
    wheel_repository(
        name = name,
        distribution = pin.name,
        extras = pin.extras,
        files = pin.files,
        hashes = pin.hashes,
        hub = tag.hub_name,
        indexes = "@{}//:indexes.json".format(_INDEXES),
        platform = platform,
        runs_here = platform == _HOST,
        version = pin.version,
    )
    return name

def _declare_hub(mctx, tag):
    _refuse_uncovered(tag)
    if tag.python_version != _PYTHON:
        fail("pip.parse(python_version = \"{}\"): the air-gapped rules_python has Python {} alone.".format(
            tag.python_version,
            _PYTHON,
        ))
    if not tag.enable_implicit_namespace_pkgs:
        fail("pip.parse(hub_name = \"{}\"): the air-gapped rules_python writes no __init__.py into namespace packages. ".format(tag.hub_name) +
             "Say enable_implicit_namespace_pkgs = True, so that registry mode writes none either.")
    pins = parse_lock(mctx.read(tag.requirements_lock), where = str(tag.requirements_lock))
    distributions = {}
    for platform in _platforms(tag):
        variables = environment(platform, python = _PYTHON + ".2")
        for pin in pins:
            if evaluate(pin.marker, variables):
                distributions.setdefault(pin.name, {})[platform] = _declare_wheel(tag, pin, platform)
    hub_repository(name = tag.hub_name, distributions = json.encode(distributions))

def _pip_impl(mctx):
    package_indexes(name = _INDEXES)
    hubs = {}
    for module in mctx.modules:
        for tag in module.tags.parse:
            if tag.hub_name in hubs:
                fail("pip.parse(hub_name = \"{}\") is said twice; the air-gapped rules_python wants one lock for each hub.".format(tag.hub_name))
            hubs[tag.hub_name] = None
            _declare_hub(mctx, tag)
    return mctx.extension_metadata(reproducible = True)

_parse = tag_class(
    doc = "Makes a hub `@hub_name` of a lock.",
    attrs = _UNCOVERED | {
        "enable_implicit_namespace_pkgs": attr.bool(doc = "Only True: namespace packages are left as they are."),
        "hub_name": attr.string(doc = "Name of the hub.", mandatory = True),
        "python_version": attr.string(doc = "Only \"3.11\".", mandatory = True),
        "requirements_lock": attr.label(doc = "Exact pins with hashes.", mandatory = True),
        "target_platforms": attr.string_list(doc = "Like `linux_x86_64`; without it only this machine's."),
    },
)

pip = module_extension(
    doc = "Third-party code.",
    implementation = _pip_impl,
    tag_classes = {"parse": _parse},
)

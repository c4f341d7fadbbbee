"""Layers of third-party code: at most 12 for an image, to keep its documents small and the image rules fast.

Each wheel is packed once, by an aspect, and shared by all services. Large wheels, which `wheel_groups.bzl` lists, are
separate layers; small ones are merged into one layer for each group in `wheel_groups.bzl`.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@rules_python//python:py_info.bzl", "PyInfo")
load("//tools/build/tracks:distributions.bzl", "DistributionsInfo", "clash", "distributions")
load("//tools/oci/layers:packing.bzl", "PACKING_ATTRS", "layer_suffix", "pack_layer")
load("//tools/oci/layers:platforms.bzl", "PLATFORM_ATTRS", "to_platform")
load("//tools/oci/layers:wheel_groups.bzl", "LARGE_WHEELS", "wheel_group")
load("//tools/oci/python:shipped_python.bzl", "run_shipped_python")

# The folder of the wheels in every image. A .pth file in the base layer adds it to sys.path.
_SITE_PACKAGES = "usr/local/lib/python3.11/site-packages/"

# Files that describe the installer; they differ between installers.
_INSTALLERS_OWN = [".dist-info/INSTALLER", ".dist-info/RECORD", ".dist-info/REQUESTED", ".dist-info/direct_url.json"]

WheelsInfo = provider(
    doc = "The wheels that a target needs, and their layers.",
    fields = {"layers": "depset of structs: `wheel` (name of the distribution), `layer` and `metadata` (Files), `tags` (File or None), `native` (bool: has shared libraries)"},
)

def _path_in_wheel(file):
    """Returns a file's path below site-packages, or None. Names of repositories are ignored: they differ by mode."""
    _, found, path = file.short_path.partition("/site-packages/")
    return path if found else None

def _is_shipped(file):
    path = _path_in_wheel(file)
    if not path or path.endswith(".pyc") or [suffix for suffix in _INSTALLERS_OWN if path.endswith(suffix)]:
        return False

    # rules_python writes these into namespace packages by default.
    return file.is_source or not path.endswith("/__init__.py")

def _to_arguments(file):
    return [_SITE_PACKAGES + _path_in_wheel(file), file.path]

def _is_shared_library(file):
    return file.basename.endswith(".so") or ".so." in file.basename

def _metadata(files, label):
    """Returns the METADATA file, which has the name of a wheel's distribution."""
    for file in files:
        if _path_in_wheel(file).endswith(".dist-info/METADATA"):
            return file
    fail("{} has files in site-packages but no .dist-info/METADATA that names its distribution".format(label))

def _tags(files):
    """Returns the WHEEL file, which has the tags of the wheel; None if an installer omitted it."""
    for file in files:
        if _path_in_wheel(file).endswith(".dist-info/WHEEL"):
            return file
    return None

def _wheel_layers_impl(target, ctx):
    # In rules_python, a wheel's library with dependencies has the library of the wheel's files in its `srcs`.
    files = [
        file
        for attribute in ["srcs", "data"]
        for source in getattr(ctx.rule.attr, attribute, [])
        if PyInfo not in source
        for file in source[DefaultInfo].files.to_list()
        if _is_shipped(file)
    ]
    if files and not target.label.workspace_name:
        fail("{} has {} among its srcs or data: list its distribution in deps, because wheels are found only there".format(
            target.label,
            files[0].short_path,
        ))
    own = []
    if files:
        metadata = _metadata(files, target.label)
        own.append(struct(
            layer = pack_layer(
                ctx,
                name = "{}.layer".format(target.label.name),
                files = files,
                third_party = True,
                to_arguments = _to_arguments,
            ),
            metadata = metadata,
            native = bool([file for file in files if _is_shared_library(file)]),
            tags = _tags(files),
            wheel = _path_in_wheel(metadata).split("-")[0].lower(),
        ))
    needed = [dep[WheelsInfo].layers for dep in getattr(ctx.rule.attr, "deps", []) if WheelsInfo in dep]
    return [WheelsInfo(layers = depset(own, transitive = needed))]

_with_wheels = aspect(
    implementation = _wheel_layers_impl,
    attr_aspects = ["deps"],
    attrs = PACKING_ATTRS,
    doc = "Packs each wheel in the closure of `deps`.",
)

def _wheels_impl(ctx):
    error = clash([dep[DistributionsInfo] for dep in ctx.attr.deps])
    if error:
        fail("{}: {}".format(ctx.label, error))
    layers = depset(transitive = [dep[WheelsInfo].layers for dep in ctx.attr.deps])
    return [
        DefaultInfo(files = depset([wheel.layer for wheel in layers.to_list()])),
        WheelsInfo(layers = layers),
    ]

wheels = rule(
    implementation = _wheels_impl,
    attrs = PLATFORM_ATTRS | {
        "deps": attr.label_list(
            aspects = [
                _with_wheels,
                distributions,
            ],
            cfg = to_platform,
            doc = "Libraries.",
        ),
        # The aspect reads the files of other repositories only; see docs/affected.md.
        "_affected_unseen": attr.string_list(default = ["srcs", "data"]),
    },
    doc = "The packed wheels in the closure of some libraries, for a platform.",
    provides = [WheelsInfo],
)

def _link_layer(ctx, wheel, folder):
    """Links a wheel's layer to a path that a target of this repository owns.

    Image rules write the label of a layer's owner into the image, and names of wheel repositories differ between modes.
    """
    layer = ctx.actions.declare_file("{}/{}{}".format(folder, wheel.wheel, layer_suffix(ctx)))
    ctx.actions.symlink(output = layer, target_file = wheel.layer)
    return layer

def _merge_layers(ctx, group, wheels):
    """Registers the action that merges layers of wheels, in the order of names, into one."""
    layer = ctx.actions.declare_file("{}/{}{}".format(ctx.label.name, group, layer_suffix(ctx)))
    layers = [wheel.layer for wheel in wheels]
    args = ctx.actions.args()
    args.add("--output", layer)
    args.add("--compression", ctx.attr._compression[BuildSettingInfo].value)
    args.add_all(layers)
    run_shipped_python(
        ctx,
        args = [args],
        inputs = depset(layers),
        mnemonic = "MergeLayers",
        outputs = [layer],
        progress_message = "Merging wheels into %{output}",
        tool = ctx.attr._merge,
    )
    return layer

def _third_party_layers_impl(ctx):
    by_name = {wheel.wheel: wheel for wheel in ctx.attr.wheels[WheelsInfo].layers.to_list()}
    groups = {}
    for name in sorted(by_name):
        if name not in LARGE_WHEELS:
            groups.setdefault(wheel_group(name, native = by_name[name].native), []).append(by_name[name])
    layers = [_link_layer(ctx, by_name[name], ctx.label.name) for name in LARGE_WHEELS if name in by_name]
    layers += [_merge_layers(ctx, group, groups[group]) for group in sorted(groups)]
    grouped = [wheel for group in sorted(groups) for wheel in groups[group]]
    return [
        DefaultInfo(files = depset(layers)),
        # Read by the test that finds wheels that are too large for a group.
        OutputGroupInfo(
            grouped_wheels = depset([_link_layer(ctx, wheel, ctx.label.name + "_grouped") for wheel in grouped]),
        ),
    ]

third_party_layers = rule(
    implementation = _third_party_layers_impl,
    attrs = PACKING_ATTRS | {
        "wheels": attr.label(mandatory = True, doc = "The wheels to pack.", providers = [WheelsInfo]),
        "_merge": attr.label(cfg = "exec", default = "//tools/oci/layers:merge", doc = "The tool."),
    },
    doc = "The layers of all wheels in a closure: large ones alone in the order of LARGE_WHEELS, then the groups by name.",
)

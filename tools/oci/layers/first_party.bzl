"""The layer of a service's own code and of the libraries it uses: what changes with every edit, hence small and on top."""

load("//tools/oci/layers:packing.bzl", "PACKING_ATTRS", "pack_layer")
load("//tools/oci/layers:platforms.bzl", "PLATFORM_ATTRS", "to_platform")

def _to_arguments(file):
    """Places a file of the main repository under /app; files of other repositories are third-party code."""
    return [] if file.short_path.startswith("../") else ["app/" + file.short_path, file.path]

def _first_party_layer_impl(ctx):
    files = depset(transitive = [dep[DefaultInfo].default_runfiles.files for dep in ctx.attr.deps])
    layer = pack_layer(
        ctx,
        name = ctx.label.name,
        files = depset([file for file in files.to_list() if not file.short_path.startswith("../")]),
        third_party = False,
        to_arguments = _to_arguments,
    )
    return DefaultInfo(files = depset([layer]))

first_party_layer = rule(
    implementation = _first_party_layer_impl,
    attrs = PLATFORM_ATTRS | PACKING_ATTRS | {
        "deps": attr.label_list(cfg = to_platform, doc = "Libraries to pack with all that they use."),
    },
    doc = "Packs the first-party code of a closure under /app.",
)

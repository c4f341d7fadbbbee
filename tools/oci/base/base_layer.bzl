"""The lowest layer of every image: Debian packages merged, trimmed and compiled."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//tools/oci/layers:packing.bzl", "PACKING_ATTRS", "layer_suffix")
load("//tools/oci/python:shipped_python.bzl", "run_shipped_python")

def _base_layer_impl(ctx):
    layer = ctx.actions.declare_file(ctx.label.name + layer_suffix(ctx))
    args = ctx.actions.args()
    args.add("--output", layer)
    args.add("--compression", ctx.attr._compression[BuildSettingInfo].value)
    args.add_all(ctx.files.debs)
    run_shipped_python(
        ctx,
        args = [args],
        inputs = depset(ctx.files.debs),
        mnemonic = "BaseLayer",
        outputs = [layer],
        progress_message = "Merging Debian packages into %{output}",
        tool = ctx.attr._merge,
    )
    return DefaultInfo(files = depset([layer]))

base_layer = rule(
    implementation = _base_layer_impl,
    attrs = PACKING_ATTRS | {
        "debs": attr.label_list(mandatory = True, allow_files = [".deb"], doc = "The packages, in the order to lay them."),
        "_merge": attr.label(cfg = "exec", default = ":merge", doc = "The tool."),
    },
    doc = "Merges Debian packages into one layer.",
)

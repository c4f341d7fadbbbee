"""The layer above the base: the packages of a service's Debian lock that are not in the base."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//tools/oci/layers:packing.bzl", "PACKING_ATTRS", "layer_suffix")
load("//tools/oci/python:shipped_python.bzl", "run_shipped_python")

visibility("//tools/oci/...")

def _additional_layer_impl(ctx):
    layer = ctx.actions.declare_file(ctx.label.name + layer_suffix(ctx))
    args = ctx.actions.args()
    args.add("--architecture", ctx.attr.architecture)
    args.add("--base", ctx.file.base_lock)
    args.add("--lock", ctx.file.lock)
    args.add("--compression", ctx.attr._compression[BuildSettingInfo].value)
    args.add("--output", layer)
    args.add_all(ctx.files.debs)
    run_shipped_python(
        ctx,
        args = [args],
        inputs = depset(ctx.files.debs + [ctx.file.base_lock, ctx.file.lock]),
        mnemonic = "AdditionalLayer",
        outputs = [layer],
        progress_message = "Merging additional Debian packages into %{output}",
        tool = ctx.attr._additional,
    )
    return DefaultInfo(files = depset([layer]))

additional_layer = rule(
    implementation = _additional_layer_impl,
    attrs = PACKING_ATTRS | {
        "architecture": attr.string(mandatory = True, doc = "Debian's name of the architecture."),
        "base_lock": attr.label(mandatory = True, allow_single_file = True, doc = "Lock of the base."),
        "debs": attr.label_list(mandatory = True, allow_files = True, doc = "The packages, in the order to lay them."),
        "lock": attr.label(mandatory = True, allow_single_file = True, doc = "Lock that names the packages."),
        "_additional": attr.label(cfg = "exec", default = ":additional", doc = "The tool."),
    },
    doc = "Merges Debian packages that the base does not have into one layer.",
)

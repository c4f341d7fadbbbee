"""The lowest layer of every image: Debian packages merged, trimmed and compiled."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//tools/oci/layers:packing.bzl", "PACKING_ATTRS", "layer_suffix")
load("//tools/oci/python:shipped_python.bzl", "run_shipped_python")

# The interpreter that images start; the .pyc files in their layers are for this version.
_INTERPRETER = "python3.11"

def _check_interpreter(ctx):
    found = [file.basename for file in ctx.files.interpreter]
    if _INTERPRETER not in found:
        fail("{}: images start /usr/bin/{}, and the lock of this base has {}: add {}-minimal and lib{}-stdlib to its packages.json, and run its `:update`".format(
            ctx.label,
            _INTERPRETER,
            " and ".join(found) or "no Python",
            _INTERPRETER,
            _INTERPRETER,
        ))

def _base_layer_impl(ctx):
    _check_interpreter(ctx)
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
        "debs": attr.label_list(mandatory = True, allow_files = True, doc = "The packages, in the order to lay them."),
        "interpreter": attr.label(mandatory = True, allow_files = True, doc = "The interpreters among the packages, unpacked."),
        "_merge": attr.label(cfg = "exec", default = ":merge", doc = "The tool."),
    },
    doc = "Merges Debian packages into one layer.",
)

"""The action that packs files into a layer, for the rules that make layers."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//tools/oci/python:shipped_python.bzl", "SHIPPED_PYTHON_ATTRS", "run_shipped_python")

visibility([
    "//tools/oci/base",
    "//tools/oci/layers/...",
])

_SUFFIXES = {"gzip": ".tar.gz", "zstd": ".tar.zst"}

PACKING_ATTRS = SHIPPED_PYTHON_ATTRS | {
    "_compression": attr.label(default = "//tools/oci/layers:compression", doc = "gzip or zstd."),
    "_pack": attr.label(cfg = "exec", default = "//tools/oci/layers:pack", doc = "The tool."),
}

def layer_suffix(ctx):
    """Returns the suffix of layers for the compression that the build uses."""
    return _SUFFIXES[ctx.attr._compression[BuildSettingInfo].value]

def pack_layer(ctx, *, name, files, to_arguments, third_party):
    """Registers the action that packs files into a layer.

    Args:
      ctx: context of a rule or aspect that has PACKING_ATTRS.
      name: name of the layer's file, without its suffix.
      files: list or depset of Files.
      to_arguments: top-level function from a File to [its path in the image, its path in the build].
      third_party: whether sources that do not compile are accepted.

    Returns:
      File, the layer.
    """
    compression = ctx.attr._compression[BuildSettingInfo].value
    layer = ctx.actions.declare_file(name + layer_suffix(ctx))
    args = ctx.actions.args()
    args.add("--output", layer)
    args.add("--compression", compression)
    if third_party:
        args.add("--third-party")
    listed = ctx.actions.args()
    listed.add_all(files, map_each = to_arguments)
    listed.use_param_file("@%s", use_always = True)
    listed.set_param_file_format("multiline")
    run_shipped_python(
        ctx,
        args = [args, listed],
        inputs = files if type(files) == "depset" else depset(files),
        mnemonic = "PackLayer",
        outputs = [layer],
        progress_message = "Packing layer %{output}",
        tool = ctx.attr._pack,
    )
    return layer

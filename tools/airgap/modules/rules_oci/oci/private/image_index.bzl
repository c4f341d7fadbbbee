"""Private rule behind `oci_image_index`."""

def _platforms_impl(_settings, attr):
    return [{"//command_line_option:platforms": str(platform)} for platform in attr.platforms]

_platforms = transition(
    implementation = _platforms_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

def _oci_image_index_impl(ctx):
    if ctx.attr.platforms and len(ctx.attr.images) != len(ctx.attr.platforms):
        fail("{}: platforms can only be given when images holds exactly one image.".format(ctx.label))
    output = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add(output.path)
    args.add_all(ctx.files.images, expand_directories = False)
    layers = [image[DefaultInfo].default_runfiles.files for image in ctx.attr.images]
    ctx.actions.run(
        arguments = [args],
        executable = ctx.executable._image_index,
        inputs = depset(ctx.files.images, transitive = layers),
        mnemonic = "OCIIndex",
        outputs = [output],
        progress_message = "OCI Index %{label}",
    )
    return DefaultInfo(files = depset([output]))

oci_image_index = rule(
    implementation = _oci_image_index_impl,
    attrs = {
        "images": attr.label_list(mandatory = True, cfg = _platforms, doc = "Images, in the order of the index."),
        "platforms": attr.label_list(
            doc = "Platforms to build the one image of `images` for.",
            providers = [platform_common.PlatformInfo],
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_image_index": attr.label(cfg = "exec", default = ":image_index", executable = True),
    },
    doc = "An index of images in OCI layout.",
)

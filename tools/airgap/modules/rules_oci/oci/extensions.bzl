"""The module extension of rules_oci, limited to what works without a network."""

def _oci_impl(module_ctx):
    for module in module_ctx.modules:
        for pull in module.tags.pull:
            fail(("oci.pull(name = \"{}\"): an image of some registry was asked for, and the air-gapped mode reaches none. " +
                  "Build upon an oci_image of the repository, as //tools/oci/base does.").format(pull.name))

oci = module_extension(
    implementation = _oci_impl,
    tag_classes = {
        "pull": tag_class(attrs = {
            "bazel_tags": attr.string_list(),
            "config": attr.label(),
            "digest": attr.string(),
            "image": attr.string(),
            "name": attr.string(),
            "platforms": attr.string_list(),
            "registry": attr.string(),
            "repository": attr.string(),
            "reproducible": attr.bool(default = True),
            "tag": attr.string(),
            "www_authenticate_challenges": attr.string_dict(),
        }),
        "toolchains": tag_class(attrs = {"name": attr.string(default = "oci")}),
    },
    doc = "`oci.toolchains()` does nothing here; `oci.pull()` says why it cannot.",
)

"""Building for the platform of an image, whatever the build around it is for."""

visibility("//tools/oci/...")

def _to_platform_impl(_settings, attr):
    return {"//command_line_option:platforms": [str(attr.platform)]}

to_platform = transition(
    implementation = _to_platform_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

PLATFORM_ATTRS = {
    "platform": attr.label(mandatory = True, doc = "The platform that the image runs on."),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

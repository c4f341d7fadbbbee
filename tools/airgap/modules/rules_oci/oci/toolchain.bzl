"""The crane toolchain of rules_oci: `ctx.toolchains["@rules_oci//oci:crane_toolchain_type"].crane_info.binary`."""

CraneInfo = provider(
    doc = "How to run crane.",
    fields = {
        "binary": "File, the program.",
        "version": "Version of crane, empty where it is the sealed root's.",
    },
)

def _crane_toolchain_impl(ctx):
    binary = ctx.executable.crane
    return [
        DefaultInfo(files = depset([binary]), runfiles = ctx.runfiles([binary])),
        platform_common.ToolchainInfo(crane_info = CraneInfo(binary = binary, version = ctx.attr.version)),
    ]

crane_toolchain = rule(
    implementation = _crane_toolchain_impl,
    attrs = {
        "crane": attr.label(allow_single_file = True, cfg = "exec", executable = True, mandatory = True, doc = "The program."),
        "version": attr.string(doc = "Version of crane."),
    },
    doc = "Defines a crane toolchain.",
)

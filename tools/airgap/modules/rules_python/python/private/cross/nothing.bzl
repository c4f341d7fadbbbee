"""A description of a C++ toolchain without a single tool."""

def _no_tools_impl(ctx):
    # buildifier: disable=native-cc-common
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        compiler = "none",
        target_cpu = "aarch64",
        target_libc = "none",
        target_system_name = "aarch64-linux",
        toolchain_identifier = "none",
    )

no_tools = rule(
    doc = "Answers what the native py_binary asks of a C++ toolchain; compiling anything with it fails.",
    implementation = _no_tools_impl,
    provides = [CcToolchainConfigInfo],
)

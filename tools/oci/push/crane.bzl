"""`crane`: the registry client of rules_oci's toolchain, as an executable target."""

visibility("//tools/oci/push")

_TOOLCHAIN = "@rules_oci//oci:crane_toolchain_type"

def _crane_impl(ctx):
    binary = ctx.toolchains[_TOOLCHAIN].crane_info.binary
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = program, target_file = binary, is_executable = True)
    return DefaultInfo(
        executable = program,
        files = depset([program]),
        runfiles = ctx.runfiles([program, binary]),
    )

crane = rule(
    implementation = _crane_impl,
    doc = "Links the crane of the registered toolchain. In air-gapped mode that is the crane of the sealed root.",
    executable = True,
    toolchains = [_TOOLCHAIN],
)

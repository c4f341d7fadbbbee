"""Flags that accept exactly one value."""

def _settled_flag_impl(ctx):
    if ctx.build_setting_value != ctx.attr.settled:
        fail("--@rules_python//python/config_settings:{}={}: the air-gapped rules_python has `{}` alone.".format(
            ctx.label.name,
            ctx.build_setting_value,
            ctx.attr.settled,
        ))
    return []

settled_flag = rule(
    doc = "A flag whose value is settled.",
    implementation = _settled_flag_impl,
    build_setting = config.string(flag = True),
    attrs = {"settled": attr.string(doc = "The value that it must have.", mandatory = True)},
)

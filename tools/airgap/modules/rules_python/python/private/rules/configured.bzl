"""Programs and tests with `config_settings`: a rule with a transition that wraps a native rule, which has none."""

load("@rules_python_internal//:extra_transition_settings.bzl", "EXTRA_TRANSITION_SETTINGS")

# Attributes of the wrapped native target; all others belong to the wrapper.
_INNER = ("deps", "imports", "legacy_create_init", "stamp")
_BOTH = ("data", "features", "srcs", "target_compatible_with")

def _to_settings_impl(settings, attr):
    given = {str(setting): value for setting, value in attr.config_settings.items()}
    unknown = [setting for setting in given if setting not in EXTRA_TRANSITION_SETTINGS]
    if unknown:
        fail("config_settings names {}; config.add_transition_setting in MODULE.bazel has {}".format(
            ", ".join(unknown),
            ", ".join(EXTRA_TRANSITION_SETTINGS) or "none",
        ))
    return settings | given

_to_settings = transition(
    implementation = _to_settings_impl,
    inputs = EXTRA_TRANSITION_SETTINGS,
    outputs = EXTRA_TRANSITION_SETTINGS,
)

def _configured_impl(ctx):
    program = ctx.attr.deps[0]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = ctx.executable.program, is_executable = True)
    return [
        DefaultInfo(
            executable = executable,
            files = depset([executable], transitive = [depset(ctx.files.srcs)]),
            runfiles = ctx.runfiles([executable]).merge(program[DefaultInfo].default_runfiles),
        ),
        RunEnvironmentInfo(
            environment = {
                name: ctx.expand_make_variables("env", ctx.expand_location(value, ctx.attr.data + ctx.attr.srcs), {})
                for name, value in ctx.attr.env.items()
            },
            inherited_environment = getattr(ctx.attr, "env_inherit", []),
        ),
        program[PyInfo],
        program[InstrumentedFilesInfo],
        program[OutputGroupInfo],
    ]

_ATTRS = {
    "config_settings": attr.label_keyed_string_dict(doc = "Values of build settings.", mandatory = True),
    "data": attr.label_list(allow_files = True, doc = "For locations in `args` and `env`."),
    "deps": attr.label_list(doc = "The program inside; aspects reach its libraries through it.", mandatory = True),
    "env": attr.string_dict(doc = "Variables that hold when it runs."),
    "program": attr.label(cfg = "target", doc = "The program inside.", executable = True, mandatory = True),
    "srcs": attr.label_list(allow_files = True, doc = "Its sources."),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

py_binary = rule(
    doc = "A program in a configuration of its own.",
    implementation = _configured_impl,
    attrs = _ATTRS,
    cfg = _to_settings,
    executable = True,
)

py_test = rule(
    doc = "A test in a configuration of its own.",
    implementation = _configured_impl,
    attrs = _ATTRS | {
        "env_inherit": attr.string_list(doc = "Variables that it takes from the caller."),
        # Bazel measures the coverage only of test rules that have this attribute.
        "_lcov_merger": attr.label(
            cfg = "exec",
            default = configuration_field(fragment = "coverage", name = "output_generator"),
            executable = True,
        ),
    },
    cfg = _to_settings,
    test = True,
)

def _configured(rule, name, *, main = None, **attributes):
    inner = "_{}.program".format(name)
    srcs = attributes["srcs"]
    testonly = attributes.pop("testonly", rule == py_test)

    # buildifier: disable=native-py
    native.py_binary(
        name = inner,
        main = main or (srcs[0] if len(srcs) == 1 else name + ".py"),
        tags = attributes.get("tags", []) + ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
        **{key: attributes[key] for key in _INNER + _BOTH if key in attributes}
    )
    rule(
        name = name,
        deps = [":" + inner],
        program = ":" + inner,
        testonly = testonly,
        **{key: value for key, value in attributes.items() if key not in _INNER}
    )

def configured_binary(name, **attributes):
    """Makes a `py_binary` with `config_settings`.

    Args:
        name: the program.
        **attributes: what `covered` returns.
    """
    _configured(py_binary, name, **attributes)

def configured_test(name, **attributes):
    """Makes a `py_test` with `config_settings`.

    Args:
        name: the test.
        **attributes: what `covered` returns.
    """
    _configured(py_test, name, **attributes)

"""`tool_test`: a test that runs a program on files and passes if the program's exit code is 0."""

visibility(["//tools/lint"])

def _quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _program(ctx):
    """Returns the executable among the files of `tool`."""
    fits = [file for file in ctx.files.tool if file.basename == ctx.attr.program]
    if len(fits) != 1:
        fail("{}: expected one file {} in {}, found {}".format(
            ctx.label,
            ctx.attr.program,
            ctx.attr.tool.label,
            [file.short_path for file in ctx.files.tool],
        ))
    return fits[0]

def _tool_test_impl(ctx):
    program = _program(ctx)
    files = " ".join([_quoted(file.short_path) for file in ctx.files.srcs])
    lines = ["#!/bin/sh", "status=0"]
    for arguments in ctx.attr.runs:
        lines.append("{} {} {} || status=1".format(_quoted(program.short_path), arguments, files))
    lines.append("[ $status = 0 ] || echo 'What can be mended by a program: bazel run //tools/lint:fix' >&2")
    lines.append("exit $status")
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "\n".join(lines) + "\n", is_executable = True)
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(files = [program, ctx.file.config] + ctx.files.srcs),
    )]

tool_test = rule(
    implementation = _tool_test_impl,
    doc = "Runs a program over source files, from the root, once for each entry of `runs`.",
    attrs = {
        "config": attr.label(doc = "The program's settings.", allow_single_file = True, mandatory = True),
        "program": attr.string(doc = "Name of the program's file.", mandatory = True),
        "runs": attr.string_list(doc = "Arguments that go before the files, one run each.", mandatory = True),
        "srcs": attr.label_list(doc = "The files.", allow_files = True, mandatory = True),
        "tool": attr.label(doc = "Target that has the program.", allow_files = True, mandatory = True, cfg = "exec"),
    },
    test = True,
)

"""`clock_ahead`: runs a command under another date, for `--run_under`."""

visibility("private")

_SCRIPT = """#!/bin/sh
# Only the date changes: the monotonic clock, which measures durations, is not faked.
export FAKETIME="+{days}d" FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1 NO_FAKE_STAT=1
# Otherwise libfaketime ends the timed waits of monotonic condition variables at once, and Python's threads spin on the
# lock of the interpreter.
export FAKETIME_FORCE_MONOTONIC_FIX=0
export LD_PRELOAD="$PWD/{library}"
export PYTEST_PLUGINS=tools.clock.sleeping
[ -e "$LD_PRELOAD" ] || {{ echo "no $LD_PRELOAD" >&2; exit 1; }}
exec "$@"
"""

def _clock_ahead_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        _SCRIPT.format(days = ctx.attr.days, library = ctx.file.library.short_path),
        is_executable = True,
    )
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(files = [ctx.file.library] + ctx.files.plugin),
    )]

clock_ahead = rule(
    implementation = _clock_ahead_impl,
    attrs = {
        "days": attr.int(mandatory = True, doc = "Number of days that the date is ahead."),
        "library": attr.label(mandatory = True, allow_single_file = True, doc = "libfaketime, for this machine."),
        "plugin": attr.label(mandatory = True, doc = "Plugin with which tests of pytest can sleep."),
    },
    executable = True,
    doc = "A command that runs the command after it, with all processes that this starts, `days` ahead.",
)

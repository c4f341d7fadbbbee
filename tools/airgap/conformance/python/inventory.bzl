"""`inventory`: the content of the Python providers of targets, built for a platform, as text."""

load("@rules_python//python:py_info.bzl", "PyInfo")

def _to_platform_impl(_settings, attr):
    return {"//command_line_option:platforms": [attr.platform]}

_to_platform = transition(
    implementation = _to_platform_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

def _path(file):
    """A file's path without the name of its repository, which differs between rule sets."""
    before, found, path = file.short_path.partition("/site-packages/")
    return path if found else before

def _wanted(file):
    """Excludes files that describe the installer, output of compilers, and programs of the graph."""
    name = file.basename
    return (name.endswith(".py") or "/site-packages/" in file.short_path) and not (
        name.endswith(".pyc") or name in ("INSTALLER", "RECORD", "REQUESTED") or "python_3_11" in file.short_path or
        "rules_python" in file.short_path.partition("/site-packages/")[0] and "/site-packages/" not in file.short_path
    )

def _inventory_impl(ctx):
    lines = {}
    for dep in ctx.attr.deps:
        for file in dep[PyInfo].transitive_sources.to_list():
            lines["source " + _path(file)] = None
        for file in dep[DefaultInfo].default_runfiles.files.to_list():
            if _wanted(file):
                lines["file " + _path(file)] = None
        for path in dep[PyInfo].imports.to_list():
            lines["import " + path.partition("/")[2]] = None
    output = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(output, "\n".join(sorted(lines)) + "\n")
    return DefaultInfo(files = depset([output]))

inventory = rule(
    doc = "Writes a sorted list of sources, files and import paths.",
    implementation = _inventory_impl,
    attrs = {
        "deps": attr.label_list(cfg = _to_platform, doc = "Python targets.", providers = [PyInfo]),
        "platform": attr.string(doc = "The platform to look at them for.", mandatory = True),
    },
)

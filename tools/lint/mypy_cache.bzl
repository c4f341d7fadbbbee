"""`mypy_cache`: mypy's cache for the wheels, computed once for all packages."""

load("@rules_python//python:py_info.bzl", "PyInfo")

visibility(["//tools/lint"])

def _mypy_cache_impl(ctx):
    cache = ctx.actions.declare_directory(ctx.label.name)
    arguments = ctx.actions.declare_file(ctx.label.name + ".args")
    imports = depset(transitive = [dep[PyInfo].imports for dep in ctx.attr.deps]).to_list()
    ctx.actions.write(arguments, json.encode({
        "config": ctx.file._config.path,
        "files": [ctx.file.src.path],
        "imports": ["external/" + folder for folder in imports],
        "write_cache": cache.path,
    }))
    ctx.actions.run(
        mnemonic = "MypyWheels",
        progress_message = "Reading the types of the wheels",
        executable = ctx.executable._mypy,
        arguments = [arguments.path],
        inputs = depset(
            [arguments, ctx.file.src, ctx.file._config],
            transitive = [dep[DefaultInfo].default_runfiles.files for dep in ctx.attr.deps],
        ),
        outputs = [cache],
    )
    return [DefaultInfo(files = depset([cache]))]

mypy_cache = rule(
    implementation = _mypy_cache_impl,
    doc = "Runs mypy over a module that imports the wheels and keeps its cache.",
    attrs = {
        "deps": attr.label_list(doc = "The wheels.", providers = [PyInfo], mandatory = True),
        "src": attr.label(doc = "The module that imports them.", allow_single_file = [".py"], mandatory = True),
        "_config": attr.label(default = "//:pyproject.toml", allow_single_file = True),
        "_mypy": attr.label(default = "//tools/lint:mypy", executable = True, cfg = "exec"),
    },
)

"""The interpreter of the images, as a tool of the build.

It runs from its unpacked packages with their loader and libraries, so it needs only the kernel of the machine. So its
zlib, marshal format and compiler are those of the lock, on every machine and in both modes.
"""

ShippedPythonInfo = provider(
    doc = "How to start the interpreter of the base image.",
    fields = {
        "arguments": "list of arguments of the loader, before the program to run",
        "files": "depset of everything the interpreter reads",
        "loader": "File, the dynamic loader: the executable of an action",
    },
)

def _only(files, what, label):
    """Returns the only file of `files`; fails without one, because the Debian lock then has no Python."""
    if len(files) != 1:
        fail("{}: expected one {}, found {}; check that the lock has python3.11-minimal and libc6".format(
            label,
            what,
            [file.short_path for file in files] or "none",
        ))
    return files[0]

def _shipped_python_impl(ctx):
    loader = _only(ctx.files.loader, "loader", ctx.label)
    interpreter = _only(ctx.files.interpreter, "interpreter", ctx.label)
    root = interpreter.path.removesuffix("/usr/bin/" + interpreter.basename)
    folders = ["{}/{}lib/{}".format(root, prefix, loader.dirname.split("/")[-1]) for prefix in ["", "usr/"]]
    files = depset([loader, interpreter] + ctx.files.files)
    return [
        DefaultInfo(files = files),
        ShippedPythonInfo(
            arguments = ["--library-path", ":".join(folders), interpreter.path, "-P", "-S", "-s", "-B"],
            files = files,
            loader = loader,
        ),
    ]

shipped_python = rule(
    implementation = _shipped_python_impl,
    attrs = {
        "files": attr.label_list(allow_files = True, doc = "Standard library and shared libraries."),
        "interpreter": attr.label_list(allow_files = True, doc = "The interpreter, one file."),
        "loader": attr.label_list(allow_files = True, doc = "The dynamic loader, one file."),
    },
    doc = "Describes an unpacked Debian Python for `run_shipped_python`.",
    provides = [ShippedPythonInfo],
)

# For the attributes of a rule whose actions run the interpreter.
SHIPPED_PYTHON_ATTRS = {
    "_python": attr.label(
        cfg = "exec",
        default = "//tools/oci/python",
        doc = "The interpreter of the base image, for the machine that runs the action.",
        providers = [ShippedPythonInfo],
    ),
}

def _import_path(sources):
    """Returns the root of the main repository, and the site-packages of each wheel."""
    wheels = {
        source.path.partition("/site-packages/")[0] + "/site-packages": None
        for source in sources
        if "/site-packages/" in source.path
    }
    return ":".join(["."] + wheels.keys())

def run_shipped_python(ctx, *, tool, args, inputs, outputs, **kwargs):
    """Registers an action that runs a Python module of this repository with the interpreter of the images.

    Args:
      ctx: context of a rule that has SHIPPED_PYTHON_ATTRS.
      tool: Target, the py_library with the name of the module; the module can import only its closure.
      args: list of Args of the module.
      inputs: depset of the files that the module reads.
      outputs: list of Files.
      **kwargs: other arguments of ctx.actions.run, such as mnemonic.
    """
    python = ctx.attr._python[ShippedPythonInfo]
    sources = depset(transitive = [tool[DefaultInfo].files, tool[DefaultInfo].default_runfiles.files])
    module = tool.label.package + "/" + tool.label.name
    start = ctx.actions.args()
    start.add_all(python.arguments)
    start.add_all(["-m", module.replace("/", ".")])
    ctx.actions.run(
        arguments = [start] + args,
        env = {"PYTHONPATH": _import_path(sources.to_list())},
        executable = python.loader,
        inputs = depset(transitive = [inputs, sources, python.files]),
        outputs = outputs,
        **kwargs
    )

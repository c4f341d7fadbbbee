"""`python.toolchain(python_version = "3.11")`: the interpreter that the images ship."""

load("//python/private/interpreter:repository.bzl", "interpreter_repository")

_VERSION = "3.11"

def _python_impl(mctx):
    for module in mctx.modules:
        for toolchain in module.tags.toolchain:
            if toolchain.python_version != _VERSION:
                fail(
                    "python.toolchain(python_version = \"{}\"): the air-gapped rules_python has Debian 12's Python {} alone. ".format(
                        toolchain.python_version,
                        _VERSION,
                    ) + "Ask for that one, or build in registry mode.",
                )
    interpreter_repository(name = "python_3_11")
    return mctx.extension_metadata(reproducible = True)

_toolchain = tag_class(
    doc = "Ask for an interpreter; every call means the one that is there.",
    attrs = {
        "is_default": attr.bool(doc = "Taken and not needed: there is one interpreter."),
        "python_version": attr.string(doc = "Only \"3.11\".", mandatory = True),
    },
)

python = module_extension(
    doc = "Python toolchains.",
    implementation = _python_impl,
    tag_classes = {"toolchain": _toolchain},
)

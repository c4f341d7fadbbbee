"""The targets in the repository of a wheel, named as rules_python names them."""

load("//python:py_library.bzl", "py_library")

def wheel_library(*, name, wheel, deps):
    """Describes an unpacked wheel.

    Args:
        name: the library.
        wheel: file name of the wheel.
        deps: the libraries that it needs.

    Targets:
        `{name}` (py_library), `data`, `dist_info`, `extracted_whl_files`, `whl`.
    """
    native.filegroup(
        name = "whl",
        srcs = [wheel],
        data = [dep.removesuffix(":pkg") + ":whl" for dep in deps],
    )
    native.filegroup(
        name = "data",
        srcs = native.glob(["data/**", "bin/**", "include/**"], allow_empty = True),
    )
    native.filegroup(
        name = "dist_info",
        srcs = native.glob(["site-packages/*.dist-info/**"], allow_empty = True),
    )
    native.filegroup(
        name = "extracted_whl_files",
        srcs = native.glob(["**"], exclude = ["BUILD.bazel", wheel, "**/__pycache__/**"]),
    )
    py_library(
        name = name,
        srcs = native.glob(["site-packages/**/*.py"], allow_empty = True),
        data = [":data"] + native.glob(["site-packages/**"], exclude = ["**/*.py"], allow_empty = True),
        imports = ["site-packages"],
        deps = deps,
    )

def _missing_wheel_impl(ctx):
    fail(ctx.attr.message)

_missing_wheel = rule(
    doc = "Stands where a wheel would be; only building it fails, so that queries pass.",
    implementation = _missing_wheel_impl,
    attrs = {"message": attr.string(doc = "Why there is none.", mandatory = True)},
    provides = [PyInfo],
)

def missing_wheel(*, name, message):
    """Makes the targets of a wheel fail with a sentence when they are built.

    Args:
        name: the library.
        message: why there is no wheel.

    Targets:
        `{name}`, `data`, `dist_info`, `extracted_whl_files`, `whl`.
    """
    for target in (name, "data", "dist_info", "extracted_whl_files", "whl"):
        _missing_wheel(name = target, message = message)

"""`layering_test`: a test of the imports between layers in one package."""

load("@rules_python//python:py_test.bzl", "py_test")

visibility("//tools/lint")

_PROGRAM = Label("//tools/layering:layers.py")

def layering_test(name, srcs):
    """Checks that services and libraries import no service, and that nothing imports tools.

    Args:
      name: name of the test.
      srcs: Python files of this package, including tests.

    Makes:
      name: the test. Its output states for each import what to do instead.
    """
    py_test(
        name = name,
        size = "small",
        srcs = [_PROGRAM],
        args = ["'$(rootpath {})'".format(file) for file in srcs],
        data = srcs,
        main = _PROGRAM,
    )

"""Suggestions for misspelt attributes."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//python/private/rules:covered.bzl", "likely_attribute")

def _covered_test_impl(ctx):
    env = unittest.begin(ctx)
    for given, expected in {
        "date": "data",
        "dep": "deps",
        "precompile": None,
        "pyi_srcs": None,
        "src": "srcs",
        "visiblity": "visibility",
        "xyz": None,
    }.items():
        asserts.equals(env, expected, likely_attribute("py_library", given))
    asserts.equals(env, "size", likely_attribute("py_test", "sizes"))
    asserts.equals(env, None, likely_attribute("py_library", "sizes"))
    return unittest.end(env)

_covered_test = unittest.make(_covered_test_impl)

def covered_test_suite(name):
    """Declares the tests.

    Args:
        name: name of the suite.
    """
    unittest.suite(name, _covered_test)

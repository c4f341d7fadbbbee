"""Tests of how `pytest_tests` processes its arguments."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//tools/build:pytest_tests.bzl", "attributes_by_test")

def _joined_impl(ctx):
    """Attributes of one test are added to lists of all tests and replace other values."""
    env = unittest.begin(ctx)
    found = attributes_by_test(
        ["test_one.py", "tests/test_two.py"],
        {"deps": [":shared"], "size": "medium"},
        {"test_two": {"data": ["page.md"], "deps": [":more"], "size": "large", "srcs": ["helper.py"]}},
    )
    asserts.equals(env, None, found.error)
    asserts.equals(
        env,
        {
            "test_one": {"deps": [":shared"], "size": "medium", "srcs": ["test_one.py"]},
            "test_two": {
                "data": ["page.md"],
                "deps": [":shared", ":more"],
                "size": "large",
                "srcs": ["helper.py", "tests/test_two.py"],
            },
        },
        found.tests,
    )
    return unittest.end(env)

_joined_test = unittest.make(_joined_impl)

def _refused_impl(ctx):
    """A name without a file, and two files of one name, are errors that name them."""
    env = unittest.begin(ctx)
    asserts.equals(
        env,
        "per_test names test_gone, but srcs has no such test file; found test_one",
        attributes_by_test(["test_one.py"], {}, {"test_gone": {}}).error,
    )
    asserts.equals(
        env,
        "a/test_one.py and b/test_one.py would make one target",
        attributes_by_test(["a/test_one.py", "b/test_one.py"], {}, {}).error,
    )
    return unittest.end(env)

_refused_test = unittest.make(_refused_impl)

def pytest_tests_test_suite(name):
    """Declares the tests.

    Args:
      name: name of the suite.
    """
    unittest.suite(name, _joined_test, _refused_test)

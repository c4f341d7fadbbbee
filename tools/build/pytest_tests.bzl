"""`pytest_tests`: a Bazel test for each test file of a folder."""

load("//tools/build:pytest_test.bzl", "pytest_test", "test_names")

# For these attributes, the values for all tests and for one test are joined; other attributes are replaced.
_JOINED = ("data", "deps", "srcs", "tags")

def attributes_by_test(srcs, shared, per_test):
    """Returns the attributes of each test.

    Args:
      srcs: test files.
      shared: attributes that all tests have.
      per_test: dict from the name of a test to attributes that extend or replace the shared ones.

    Returns:
      struct of `tests`, a dict from names to attributes, and `error`, a sentence or None.
    """
    files = {}
    for file in srcs:
        name = file.split("/")[-1].removesuffix(".py")
        if name in files:
            return struct(error = "{} and {} would make one target".format(files[name], file), tests = {})
        files[name] = file
    unknown = [name for name in per_test if name not in files]
    if unknown:
        return struct(
            error = "per_test names {}, but srcs has no such test file; found {}".format(
                ", ".join(unknown),
                ", ".join(sorted(files)) or "none",
            ),
            tests = {},
        )
    tests = {}
    for name, file in files.items():
        mine = per_test.get(name, {})
        joined = {key: shared.get(key, []) + mine.get(key, []) for key in _JOINED if key in shared or key in mine}
        tests[name] = shared | mine | joined | {"srcs": joined.get("srcs", []) + [file]}
    return struct(error = None, tests = tests)

def pytest_tests(name, srcs, per_test = {}, **shared):
    """Declares a `pytest_test` for each test file, so that a new file needs no edit of the BUILD file.

    Each test has the shared dependencies and its own:

        pytest_tests(
            name = "tests",
            size = "medium",
            srcs = glob(["test_*.py"]),
            per_test = {
                "test_listings": {"deps": ["@pip//hypothesis"]},
                "test_settings": {"data": ["//docs:configuration.md"]},
            },
            deps = [":shared"],
        )

    Args:
      name: name of the suite.
      srcs: test files, usually `glob(["test_*.py"])`.
      per_test: dict from a test's name to attributes of that test alone. `srcs`, `deps`, `data` and `tags` are added to those
        of all tests; any other attribute replaces theirs.
      **shared: attributes of all tests, as `pytest_test` takes them.

    Makes:
      one test for each file, with the file's name without `.py`, and on further tracks as `pytest_test` does.
      {name}: the suite of these tests.
    """
    found = attributes_by_test(srcs, shared, per_test)
    if found.error:
        fail("pytest_tests {}: {}".format(native.package_relative_label(name), found.error))
    for test, attributes in found.tests.items():
        pytest_test(name = test, **attributes)
    native.test_suite(
        name = name,
        tests = [
            ":" + each
            for test, attributes in found.tests.items()
            for each in test_names(test, attributes.get("track"))
        ],
    )

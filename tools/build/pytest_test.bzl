"""`pytest_test`: a Bazel test that runs pytest."""

load("@rules_python//python:py_test.bzl", "py_test")
load("//tools/build/tracks:libraries.bzl", "tracks_of_tests")
load("//tools/build/tracks:tracks.bzl", "on_track")

_RUNNER = Label("//tools/build:pytest_runner.py")

# Empty, except in `bazel coverage`.
_COVERAGE = Label("//tools/build/coverage:chosen")

def _is_test_file(src):
    name = src.replace(":", "/").split("/")[-1]
    return name.startswith("test_") and name.endswith(".py")

def test_names(name, track):
    """Returns the tests that `pytest_test` makes.

    Args:
      name: name of the test.
      track: its track, or None.

    Returns:
      dict from the name of each test to its track.
    """
    further = tracks_of_tests(native.package_name()) if track == None else []
    return {name: track} | {"{}.{}".format(name, each): each for each in further}

def pytest_test(name, srcs, deps = [], data = [], size = "small", track = None, **kwargs):
    """Runs the tests in `srcs` under pytest.

    pytest and pytest-asyncio (auto mode) are implicit dependencies; settings are in the root's
    `pyproject.toml`. A run that collects no test fails. `--test_filter` takes a `-k` expression or
    a node id (`test_tokens.py::test_expired`), `--test_arg` any option of pytest, and
    `shard_count` distributes single tests.

    Args:
      name: name of the test.
      srcs: test files (`test_*.py`) and files that only these tests use. Shared files (`conftest.py`) belong in a
        library: rules_python compiles the files of each test, and tests with different tags must not write the same
        file.
      deps: libraries the tests import.
      data: files the tests read, by their path from the root.
      size: by default `small`, which has a time limit of one minute.
      track: dependency track that it runs on, which is that of the service whose code it tests; the main one by default.
      **kwargs: other attributes of `py_test`.

    Makes:
      name: the test.
      {name}.{track}: the same test on a further track that its library is used on, for each track that
        //tools/build/tracks:libraries.bzl names.
    """
    files = [src for src in srcs if _is_test_file(src)]
    if not files:
        fail("pytest_test {}: srcs is {}, but pytest looks for tests in files named test_*.py; rename or add one".format(
            native.package_relative_label(name),
            srcs,
        ))
    args = ["$(rootpath {})".format(file) for file in files] + kwargs.pop("args", [])
    for test, its_track in test_names(name, track).items():
        py_test(
            name = test,
            size = size,
            srcs = srcs + [_RUNNER],
            args = args,
            data = data + [Label("//:pyproject.toml")],
            main = _RUNNER,
            deps = deps + [
                dep
                for dep in ["@pip//pytest", "@pip//pytest_asyncio"]
                if dep not in deps
            ] + [_COVERAGE],
            **on_track(test, its_track, kwargs)
        )

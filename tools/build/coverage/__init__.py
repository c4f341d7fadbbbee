"""Measures the coverage of tests, for `bazel coverage`."""

"""Bazel's own Python rules under names that a .bzl may re-export."""

BuiltinPyInfo = PyInfo
BuiltinPyRuntimeInfo = PyRuntimeInfo

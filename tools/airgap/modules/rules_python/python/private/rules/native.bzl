"""Bazel's own providers under names that a .bzl may hand on: `PyInfo = PyInfo` would name itself."""

BuiltinPyInfo = PyInfo
BuiltinPyRuntimeInfo = PyRuntimeInfo

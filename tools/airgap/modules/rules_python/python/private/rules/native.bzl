"""Bazel's native providers under other names, because a .bzl file cannot export them with `PyInfo = PyInfo`."""

BuiltinPyInfo = PyInfo
BuiltinPyRuntimeInfo = PyRuntimeInfo

"""`PyRuntimeInfo`."""

load("//python/private/rules:native.bzl", "BuiltinPyRuntimeInfo")

PyRuntimeInfo = BuiltinPyRuntimeInfo

"""`PyInfo`."""

load("//python/private/rules:native.bzl", "BuiltinPyInfo")

PyInfo = BuiltinPyInfo

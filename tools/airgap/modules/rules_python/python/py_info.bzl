"""`PyInfo`."""

load("//python/private:native.bzl", "BuiltinPyInfo")

PyInfo = BuiltinPyInfo

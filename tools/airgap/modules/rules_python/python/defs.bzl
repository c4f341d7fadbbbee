"""The names that Bazel's own JDK tools load."""

load("//python/private:native.bzl", "BuiltinPyInfo", "BuiltinPyRuntimeInfo")

PyInfo = BuiltinPyInfo
PyRuntimeInfo = BuiltinPyRuntimeInfo
py_binary = native.py_binary
py_library = native.py_library
py_runtime = native.py_runtime
py_test = native.py_test

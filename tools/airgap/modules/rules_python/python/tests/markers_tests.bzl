"""Markers are evaluated for a target platform (PEP 508)."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//python/private/pip:markers.bzl", "environment", "evaluate")

_HOLDS = [
    "",
    "python_version >= '3.8'",
    "python_version<'3.12' and os_name == 'posix'",
    "python_full_version > '3.11.0a6'",
    "python_full_version >= '3.11.2' and python_full_version < '3.11.3'",
    "python_version ~= '3.8'",
    "python_version == '3.*'",
    "python_version != \"3.10\"",
    "'linux' in sys_platform",
    "sys_platform not in 'win32 darwin'",
    "sys_platform == 'win32' or sys_platform == 'linux'",
    "(sys_platform == 'win32' or sys_platform == 'linux') and platform_machine == 'aarch64'",
    "extra == 'asyncio' or platform_machine == 'aarch64' or platform_machine == 'x86_64'",
    "platform_python_implementation != 'PyPy'",
    "implementation_name == 'cpython' and ((os_name == 'posix'))",
]
_DOES_NOT_HOLD = [
    "python_version < '3.11'",
    "python_version < '3.8' or python_version >= '3.100'",
    "python_full_version < '3.11.0a6'",
    "sys_platform == 'win32'",
    "sys_platform == 'win32' and python_version > '3' or extra == 'asyncio'",
    "sys_platform == 'linux' and (extra == 'asyncio' or os_name == 'nt')",
    "platform_machine == 'x86_64'",
    "extra == 'asyncio'",
    "python_version ~= '3.12'",
]

def _markers_test_impl(ctx):
    env = unittest.begin(ctx)
    variables = environment("linux_aarch64", python = "3.11.2")
    for marker in _HOLDS:
        asserts.true(env, evaluate(marker, variables), marker)
    for marker in _DOES_NOT_HOLD:
        asserts.false(env, evaluate(marker, variables), marker)
    asserts.true(env, evaluate("extra == 'asyncio'", variables | {"extra": "asyncio"}))
    asserts.true(env, evaluate("platform_machine == 'arm64'", environment("osx_aarch64", python = "3.11.2")))
    return unittest.end(env)

_markers_test = unittest.make(_markers_test_impl)

def markers_test_suite(name):
    """Declares the tests.

    Args:
        name: name of the suite.
    """
    unittest.suite(name, _markers_test)

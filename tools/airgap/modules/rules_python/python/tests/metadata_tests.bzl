"""The requirements of a wheel are read from its METADATA, for a platform and the requested extras."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//python/private/pip:metadata.bzl", "dependencies")

_METADATA = """\
Metadata-Version: 2.1
Name: app
Requires-Dist: Typing-Extensions>=4.6
Requires-Dist: colorama (>=0.4) ; platform_system == "Windows"
Requires-Dist: greenlet!=0.4.17; platform_machine == "aarch64" or extra == "asyncio"
Requires-Dist: uvloop >=0.15 ; (sys_platform != "win32") and extra == 'standard'
Requires-Dist: httptools; extra == "fast-http"
Requires-Dist: app[fast_http,standard]; extra == "all"

Requires-Dist: not-a-header
"""

def _needs(platform, extras):
    return dependencies(_METADATA, extras = extras, name = "app", platform = platform)

def _metadata_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, ["typing_extensions"], _needs("linux_x86_64", []))
    asserts.equals(env, ["greenlet", "typing_extensions"], _needs("linux_aarch64", []))
    asserts.equals(env, ["greenlet", "typing_extensions", "uvloop"], _needs("linux_x86_64", ["asyncio", "standard"]))
    asserts.equals(env, ["httptools", "typing_extensions", "uvloop"], _needs("linux_x86_64", ["all"]))
    return unittest.end(env)

_metadata_test = unittest.make(_metadata_test_impl)

def metadata_test_suite(name):
    """Declares the tests.

    Args:
        name: name of the suite.
    """
    unittest.suite(name, _metadata_test)

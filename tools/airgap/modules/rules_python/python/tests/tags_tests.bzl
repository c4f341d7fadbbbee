"""The wheel for a platform is the one that rules_python would take."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//python/private/pip:tags.bzl", "choose")

# Tags that fit linux_x86_64; each is better than all before it.
_ASCENDING = [
    "x-1.0-py2.py3-none-any.whl",
    "x-1.0-py311-none-any.whl",
    "x-1.0-cp311-none-any.whl",
    "x-1.0-py3-none-linux_x86_64.whl",
    "x-1.0-cp311-cp311-manylinux_2_34_x86_64.whl",
    "x-1.0-py3-none-manylinux_2_28_x86_64.whl",
    "x-1.0-cp39-abi3-manylinux_2_28_x86_64.whl",
    "x-1.0-cp311-abi3-manylinux_2_28_x86_64.whl",
    "x-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    "x-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    "x-1.0-cp37-abi3-manylinux2010_x86_64.whl",
]
_UNFIT = [
    "x-1.0.tar.gz",
    "x-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
    "x-1.0-cp312-abi3-manylinux_2_17_x86_64.whl",
    "x-1.0-cp310-cp310-manylinux_2_17_x86_64.whl",
    "x-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
    "x-1.0-cp311-cp311-manylinux_2_17_aarch64.whl",
    "x-1.0-cp311-cp311-macosx_11_0_arm64.whl",
    "x-1.0-cp311-cp311-win_amd64.whl",
    "x-1.0-pp311-pypy311_pp73-manylinux_2_17_x86_64.whl",
]

def _choice(names, platform = "linux_x86_64"):
    file = choose([struct(filename = name) for name in names], platform)
    return file.filename if file else None

def _tags_test_impl(ctx):
    env = unittest.begin(ctx)
    for count in range(1, len(_ASCENDING) + 1):
        asserts.equals(env, _ASCENDING[count - 1], _choice(_UNFIT + _ASCENDING[:count]))
        asserts.equals(env, _ASCENDING[count - 1], _choice(reversed(_ASCENDING[:count]) + _UNFIT))
    asserts.equals(env, None, _choice(_UNFIT))
    asserts.equals(env, _UNFIT[5], _choice(_ASCENDING + _UNFIT, "linux_aarch64"))
    asserts.equals(env, _UNFIT[6], _choice(_ASCENDING + _UNFIT, "osx_aarch64"))
    return unittest.end(env)

_tags_test = unittest.make(_tags_test_impl)

def tags_test_suite(name):
    """Declares the tests.

    Args:
        name: name of the suite.
    """
    unittest.suite(name, _tags_test)

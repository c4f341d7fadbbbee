"""A lock is read as `uv pip compile` and `pip-compile` write it."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//python/private/pip:lock.bzl", "parse_lock")

_LOCK = """\
# made by a tool
SQLAlchemy[asyncio,Postgresql.Asyncpg]==2.1.9 ; sys_platform == 'linux' \\
    --hash=sha256:aaa \\
    --hash=sha256:bbb
    # via
    #   -r requirements.in
    # sha256:bbb sqlalchemy-2.1.9-py3-none-any.whl

zope.interface==8.0 --hash=sha256:ccc
"""

def _lock_test_impl(ctx):
    env = unittest.begin(ctx)
    first, second = parse_lock(_LOCK, where = "here")
    asserts.equals(env, "sqlalchemy", first.name)
    asserts.equals(env, ["asyncio", "postgresql_asyncpg"], first.extras)
    asserts.equals(env, "2.1.9", first.version)
    asserts.equals(env, "sys_platform == 'linux'", first.marker)
    asserts.equals(env, ["aaa", "bbb"], first.hashes)
    asserts.equals(env, {"bbb": "sqlalchemy-2.1.9-py3-none-any.whl"}, first.files)
    asserts.equals(env, "zope_interface", second.name)
    asserts.equals(env, ["ccc"], second.hashes)
    asserts.equals(env, {}, second.files)
    return unittest.end(env)

_lock_test = unittest.make(_lock_test_impl)

def lock_test_suite(name):
    """Declares the tests.

    Args:
        name: name of the suite.
    """
    unittest.suite(name, _lock_test)

"""Links of all forms are read from the page of an index (PEP 503)."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//python/private/pip:index.bzl", "parse_page")

_BASE = "https://index.example/root/simple/idna/"
_WHEEL = "idna-3.1-py3-none-any.whl"

def _link(href):
    return "<!DOCTYPE html><body><h1>Links</h1><a data-requires-python=\"&gt;=3.8\" href=\"{}\">{}</a><br/></body>".format(href, _WHEEL)

# The href of a link, and the URL that it resolves to.
_ADDRESSES = {
    "../../packages/" + _WHEEL: "https://index.example/root/packages/" + _WHEEL,
    "./" + _WHEEL: _BASE + _WHEEL,
    "/files/" + _WHEEL: "https://index.example/files/" + _WHEEL,
    "https://files.example/a/b/" + _WHEEL: "https://files.example/a/b/" + _WHEEL,
    _WHEEL: _BASE + _WHEEL,
}

def _index_test_impl(ctx):
    env = unittest.begin(ctx)
    for href, address in _ADDRESSES.items():
        expected = struct(filename = _WHEEL, sha256 = "abc", url = address)
        asserts.equals(env, [expected], parse_page(_link(href + "#sha256=abc"), _BASE))
        asserts.equals(env, [], parse_page(_link(href), _BASE))
    local = parse_page(_link("torch-2.0%2Bcpu-py3-none-any.whl#sha256=abc"), "file:///opt/simple/torch/")[0]
    asserts.equals(env, "torch-2.0+cpu-py3-none-any.whl", local.filename)
    asserts.equals(env, "file:///opt/simple/torch/torch-2.0%2Bcpu-py3-none-any.whl", local.url)
    return unittest.end(env)

_index_test = unittest.make(_index_test_impl)

def index_test_suite(name):
    """Declares the tests.

    Args:
        name: name of the suite.
    """
    unittest.suite(name, _index_test)

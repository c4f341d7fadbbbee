"""What MODULE.bazel says of files."""

import pytest

from tools.affected import module_file
from tools.affected.tests.conftest import MODULE


def test_tags_are_read() -> None:
    """Each tag with its plain words."""
    uses = module_file.uses(MODULE.encode())
    assert [(use.extension, use.words) for use in uses] == [
        ("pip", {"hub_name": "pip", "requirements_lock": "//:requirements_lock.txt"}),
        ("debian", {"name": "base", "lock": "//base:lock.json"}),
    ]


def test_repositories_are_read() -> None:
    """Those that use_repo names, for one extension."""
    assert module_file.used_repositories(MODULE.encode(), "debian") == ["base_amd64", "base_arm64"]


def test_broken_file_says_nothing() -> None:
    """What cannot be parsed names nothing; it is everything by itself when it changes."""
    assert module_file.uses(b"pip.parse(") == []


@pytest.mark.parametrize(
    ("label", "path"),
    [
        ("//a/b:c.bzl", "a/b/c.bzl"),
        ("//:c.txt", "c.txt"),
        ("@//a:c", "a/c"),
        (":c.bzl", "here/c.bzl"),
        ("@rules_python//a:c.bzl", None),
        ("https://example.com", None),
        ("word", None),
    ],
)
def test_path_of_a_label(label: str, path: str | None) -> None:
    """A label of this repository is a path, another is none."""
    assert module_file.path_of(label, "here") == path


def test_what_the_modules_read() -> None:
    """Files named by MODULE.bazel, by what it loads, and by what that loads."""
    tree = {
        "MODULE.bazel": b'use_extension("//a:x.bzl", "x")',
        "a/x.bzl": b'load(":y.bzl", "y")\nload("@far//b:z.bzl", "z")\nA = Label("//a:data.json")',
        "a/y.bzl": b"",
        "a/unused.bzl": b"",
    }
    assert module_file.read_by(tree.get) == {"a/x.bzl", "a/y.bzl", "a/data.json"}


@pytest.mark.parametrize(
    ("before", "after", "same", "same_but_for_versions"),
    [
        ('bazel_dep(name = "a", version = "1")', 'bazel_dep(version = "1", name = "a")  # Why.', True, True),
        ('use_repo(x, "a", "b")\nf()', 'f()\nuse_repo(x, "b", "a")', True, True),
        ('use_repo(x, "a")\nuse_repo(y, "b")', 'use_repo(y, "b")\nuse_repo(x, "a")', True, True),
        ('bazel_dep(name = "a", version = "1")', 'bazel_dep(name = "a", version = "2")', False, True),
        ("register_toolchains('a', 'b')", "register_toolchains('b', 'a')", False, False),
        ("bazel_dep(name = 'a')\nbazel_dep(name = 'b')", "bazel_dep(name = 'b')\nbazel_dep(name = 'a')", False, False),
        ('x.tag(version = "1")', 'x.tag(version = "2")', False, False),
        ("f(", "f(", False, False),
    ],
)
def test_what_says_the_same(before: str, after: str, *, same: bool, same_but_for_versions: bool) -> None:
    """The order of modules and toolchains decides which is taken; that of keywords and names decides nothing."""
    texts = before.encode(), after.encode()
    assert module_file.says_the_same(*texts) is same
    assert module_file.says_the_same(*texts, but_for_versions=True) is same_but_for_versions


def test_what_differs_is_named() -> None:
    """By what is called, each once."""
    before = b'f()\nx = use_extension("a", "b")\nx.tag(a = 1)\nx.tag(a = 2)\ng()'
    assert module_file.differing(before, before.replace(b"a =", b"b =")) == ["x.tag"]
    assert module_file.differing(b"f()\ng()", b"f()") == module_file.differing(b"f()", b"f()\ng()") == ["g"]
    assert module_file.differing(b"f()\ng()", b"g()\nf()") == ["the order of statements"]

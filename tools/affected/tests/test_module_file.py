"""Tags, paths and equivalence of MODULE.bazel files."""

import pytest

from tools.affected import module_file
from tools.affected.tests.conftest import MODULE


def test_tags_are_read() -> None:
    """Each tag has the name of its extension and its attributes."""
    tags = module_file.extension_tags(MODULE.encode())
    assert [(tag.extension, tag.attributes) for tag in tags] == [
        ("pip", {"hub_name": "pip", "requirements_lock": "//:requirements_lock.txt"}),
        ("debian", {"name": "base", "lock": "//base:lock.json"}),
    ]


def test_repositories_are_read() -> None:
    """The repositories that `use_repo` imports from one extension are returned."""
    assert module_file.used_repositories(MODULE.encode(), "debian") == ["base_amd64", "base_arm64"]


def test_file_that_cannot_be_parsed_has_no_tags() -> None:
    """A file with a syntax error has no tags; a change of it affects everything anyway."""
    assert module_file.extension_tags(b"pip.parse(") == []


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
    """Labels of this repository have a path, others and plain strings have none."""
    assert module_file.path_of(label, "here") == path


def test_referenced_files_are_found() -> None:
    """Files are found that MODULE.bazel references, directly or by Starlark files that it loads."""
    tree = {
        "MODULE.bazel": b'use_extension("//a:x.bzl", "x")',
        "a/x.bzl": b'load(":y.bzl", "y")\nload("@far//b:z.bzl", "z")\nA = Label("//a:data.json")',
        "a/y.bzl": b"",
        "a/unused.bzl": b"",
    }
    assert module_file.referenced_files(tree.get) == {"a/x.bzl", "a/y.bzl", "a/data.json"}


@pytest.mark.parametrize(
    ("before", "after", "same", "same_without_versions"),
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
def test_equivalence(before: str, after: str, *, same: bool, same_without_versions: bool) -> None:
    """The order of modules and toolchains has an effect, that of keywords and imported repositories has none."""
    texts = before.encode(), after.encode()
    assert module_file.is_equivalent(*texts) is same
    assert module_file.is_equivalent(*texts, ignore_versions=True) is same_without_versions


def test_changed_calls_are_named() -> None:
    """Each function whose calls differ is named once."""
    before = b'f()\nx = use_extension("a", "b")\nx.tag(a = 1)\nx.tag(a = 2)\ng()'
    assert module_file.changed_calls(before, before.replace(b"a =", b"b =")) == ["x.tag"]
    assert module_file.changed_calls(b"f()\ng()", b"f()") == module_file.changed_calls(b"f()", b"f()\ng()") == ["g"]
    assert module_file.changed_calls(b"f()\ng()", b"g()\nf()") == ["the order of statements"]

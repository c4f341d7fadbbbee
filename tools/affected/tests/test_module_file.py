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

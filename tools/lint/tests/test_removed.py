"""Starlark of this repository uses nothing that Bazel 8 or 9 removed."""

from pathlib import Path

import pytest

from tools.lint.removed import removed

_ROOT = Path.cwd()


def test_no_file_uses_what_bazel_removed() -> None:
    """Every BUILD and .bzl file outside tools/airgap/modules loads what Bazel 9 no longer builds in."""
    files = sorted(path for pattern in ("*.bazel", "*.bzl") for path in _ROOT.rglob(pattern))
    names = {str(path.relative_to(_ROOT)) for path in files}
    assert {"BUILD.bazel", "MODULE.bazel", "tools/lint/lint.bzl", "libs/auth/BUILD.bazel"} <= names
    found = [f"{path.relative_to(_ROOT)}:{line}: {said}" for path in files for line, said in removed(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('py_library(name = "a")', "py_library is not built into Bazel 8: load it from rules_python"),
        ('sh_test(name = "a")', "sh_test is not built into Bazel 8: load it from rules_shell"),
        ('java_test(name = "a")', "java_test is not built into Bazel 8: load it from rules_java"),
        ('proto_library(name = "a")', "proto_library is not built into Bazel 8: load it from protobuf"),
        ('cc_binary(name = "a")', "cc_binary is not built into Bazel 9: load it from rules_cc"),
        ("def f(ctx):\n    return ctx.attr.dep[PyInfo]", "PyInfo is not built into Bazel 8: load it from rules_python"),
        ("a = [CcInfo]", "CcInfo is not built into Bazel 9: load it from rules_cc"),
        ("a = cc_common.link", "cc_common is not built into Bazel 9: load it from rules_cc"),
        ('native.py_binary(name = "a")', "native.py_binary is not built into Bazel 8: load it from rules_python"),
        ('native.bind(name = "a")', "native.bind is not in Bazel 9: use an alias"),
        ("def f(ctx):\n    ctx.resolve_tools()", "ctx.resolve_tools is not in Bazel 9: use the `tools` of an action"),
        ("def f(ctx):\n    ctx.fragments.py", "ctx.fragments.py is not in Bazel 9: use flags of rules_python"),
        *(
            (f'a = "{name}"', f"{name} is a canonical name, which Bazel 8 spells otherwise: use an apparent name")
            for name in ("@@rules_python~//python:defs.bzl", "@@rules_python+//python:defs.bzl")
        ),
    ],
)
def test_each_kind_is_found(source: str, said: str) -> None:
    """Rules, providers, modules, methods and canonical names are each found once, with their line."""
    assert list(removed(f"{source}\n")) == [(source.count("\n") + 1, said)]


@pytest.mark.parametrize(
    "source",
    [
        'load("@rules_python//python:py_library.bzl", "py_library")\npy_library(name = "a")',
        'load("@rules_python//python:py_info.bzl", Info = "PyInfo")\na = Info',
        'load(":rules.bzl", py_test = "test")\npy_test(name = "a")',
        "def py_test(name):\n    pass\n\npy_test(name = 'a')",
        'native.filegroup(name = "a")',
        '# py_library()\na = "py_library"',
        'a = "@@//tools:a"',
    ],
)
def test_other_names_are_not_found(source: str) -> None:
    """A name that is loaded, defined, mentioned in text or still native is not a finding."""
    assert list(removed(source)) == []

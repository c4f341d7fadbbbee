"""The module registry of the fixture, and the packages that use its modules.

`macro_module` has a macro that only Starlark files of the fixture load. `toolchain_module` has a toolchain that two
rules resolve, one of them for an execution group. `files_module` has a file that the toolchain uses, and a module
extension that creates repositories. `aspect_module` has an aspect that reads a file. No package uses `unused_module`.
"""

import json
from collections.abc import Iterator, Mapping

Files = Mapping[str, str]

_PUBLIC = 'package(default_visibility = ["//visibility:public"])\n\n'

_MACRO = '''"""A macro."""

def leveled(rule, name, **kwargs):
    rule(name = name, level = LEVEL, **kwargs)
'''

_TOOLCHAIN = '''"""A toolchain."""

def _tool_impl(ctx):
    return [platform_common.ToolchainInfo(data = ctx.file.data)]

tool = rule(implementation = _tool_impl, attrs = {"data": attr.label(allow_single_file = True)})
'''

_TOOLCHAIN_BUILD = (
    'load(":tool.bzl", "tool")\n\n'
    + _PUBLIC
    + """toolchain_type(name = "type")

tool(name = "own", data = "own.txt")

tool(name = "external", data = "@files_module//:data.txt")

toolchain(name = "a_toolchain", toolchain = ":FIRST", toolchain_type = ":type")

toolchain(name = "b_toolchain", toolchain = ":SECOND", toolchain_type = ":type")
"""
)

_EXTENSION = '''"""A module extension that creates repositories."""

def _repository_impl(rctx):
    rctx.file("data.txt", "PREFIX" + rctx.attr.content)
    rctx.file("BUILD.bazel", "exports_files(['data.txt'])")

_repository = repository_rule(implementation = _repository_impl, attrs = {"content": attr.string()})

def _generated_impl(mctx):
    for module in mctx.modules:
        for tag in module.tags.repository:
            _repository(name = tag.name, content = tag.content)

generated = module_extension(implementation = _generated_impl, tag_classes = {"repository": tag_class(attrs = {
    "name": attr.string(),
    "content": attr.string(),
})})
'''


_ASPECT = '''"""An aspect that reads a file."""

CollectedInfo = provider(doc = "The outputs of the aspect.", fields = {"files": "depset of File"})

def _collect_impl(target, ctx):
    out = ctx.actions.declare_file(target.label.name + ".collected")
    header = ctx.file._header
    files = depset([header], transitive = [target[DefaultInfo].files])
    ctx.actions.run_shell(outputs = [out], inputs = files, command = "cat %s > %s" % (header.path, out.path))
    return [CollectedInfo(files = depset([out]))]

collect = aspect(
    implementation = _collect_impl,
    attrs = {"_header": attr.label(allow_single_file = True, default = "//:header.txt")},
)
'''


def _macro_module(level: int, comment: str = "") -> Files:
    return {"BUILD.bazel": "", "macro.bzl": comment + _MACRO.replace("LEVEL", str(level))}


def _toolchain_module(data: str, first: str, second: str = "external") -> Files:
    build = _TOOLCHAIN_BUILD.replace("FIRST", first).replace("SECOND", second)
    return {"BUILD.bazel": build, "tool.bzl": _TOOLCHAIN, "own.txt": f"{data}\n"}


def _files_module(data: str, prefix: str = "") -> Files:
    return {
        "BUILD.bazel": _PUBLIC + 'exports_files(["data.txt"])\n',
        "data.txt": f"{data}\n",
        "extension.bzl": _EXTENSION.replace("PREFIX", prefix),
    }


def _aspect_module(header: str) -> Files:
    return {"BUILD.bazel": 'exports_files(["header.txt"])\n', "header.txt": f"{header}\n", "aspect.bzl": _ASPECT}


_DEPENDS_ON_FILES = 'bazel_dep(name = "files_module", version = "{}")\n'
_REGISTERS = _DEPENDS_ON_FILES + 'register_toolchains("{}")\n'

VERSIONS: Mapping[str, Mapping[str, tuple[str, Files]]] = {
    "macro_module": {
        "1.0": ("", _macro_module(1)),
        "1.1": ("", _macro_module(2)),
        # Differs from 1.0 in a comment.
        "1.2": ("", _macro_module(1, "# Newer.\n")),
    },
    "toolchain_module": {
        "1.0": (_REGISTERS.format("1.0", "//:a_toolchain"), _toolchain_module("first", "own")),
        # The same toolchain with a changed file.
        "1.1": (_REGISTERS.format("1.0", "//:a_toolchain"), _toolchain_module("second", "own")),
        # Another toolchain of the module is resolved.
        "1.2": (_REGISTERS.format("1.0", "//:b_toolchain"), _toolchain_module("first", "own")),
        # It depends on another version of files_module.
        "1.3": (_REGISTERS.format("1.1", "//:a_toolchain"), _toolchain_module("first", "external")),
        # It registers all of its toolchains and depends on a version of files_module with a changed extension.
        "1.4": (_REGISTERS.format("1.2", "//:all"), _toolchain_module("first", "own")),
    },
    "files_module": {
        "1.0": ("", _files_module("first")),
        "1.1": ("", _files_module("second")),
        # Its extension creates other repositories.
        "1.2": ("", _files_module("first", "prefix ")),
    },
    "aspect_module": {
        "1.0": ("", _aspect_module("first")),
        "1.1": ("", _aspect_module("second")),
    },
    "unused_module": {"1.0": (_DEPENDS_ON_FILES.format("1.0"), {"BUILD.bazel": ""})},
}
"""By module and version: the statements of MODULE.bazel after `module()`, and the other files."""

_USERS: Files = {
    "build/leveled.bzl": '''"""Bundles by the macro of a module."""

load("@macro_module//:macro.bzl", "leveled")
load("//build:rules.bzl", "bundle")

def leveled_bundle(name, **kwargs):
    """Makes a bundle."""
    leveled(bundle, name, **kwargs)
''',
    "build/toolchain_rules.bzl": '''"""Rules that use the toolchain."""

def _copy(ctx, data):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(outputs = [out], inputs = [data], command = "cat %s > %s" % (data.path, out.path))
    return [DefaultInfo(files = depset([out]))]

def _copy_impl(ctx):
    return _copy(ctx, ctx.toolchains["@toolchain_module//:type"].data)

def _group_copy_impl(ctx):
    return _copy(ctx, ctx.exec_groups["copy"].toolchains["@toolchain_module//:type"].data)

copy = rule(implementation = _copy_impl, toolchains = ["@toolchain_module//:type"])
group_copy = rule(
    implementation = _group_copy_impl,
    exec_groups = {"copy": exec_group(toolchains = ["@toolchain_module//:type"])},
)
''',
    "build/collected.bzl": '''"""A rule that provides the outputs of an aspect."""

load("@aspect_module//:aspect.bzl", "CollectedInfo", "collect")

def _collected_impl(ctx):
    return [DefaultInfo(files = depset(transitive = [dep[CollectedInfo].files for dep in ctx.attr.deps]))]

collected = rule(implementation = _collected_impl, attrs = {"deps": attr.label_list(aspects = [collect])})
''',
    "aspect_user/BUILD.bazel": '''"""Uses aspect_module."""

load("//build:collected.bzl", "collected")

collected(name = "collected", deps = ["//lib0"])
''',
    "macro_user/BUILD.bazel": '''"""Uses macro_module."""

load("//build:rules.bzl", "bundle")
load("//build:leveled.bzl", "leveled_bundle")

leveled_bundle(name = "leveled")

bundle(name = "user", srcs = [":leveled"])
''',
    "toolchain_user/BUILD.bazel": '''"""Uses toolchain_module and files_module."""

load("//build:data_library.bzl", "data_library")
load("//build:rules.bzl", "bundle", "check_test")
load("//build:toolchain_rules.bzl", "copy", "group_copy")

copy(name = "copy")

group_copy(name = "group_copy")

bundle(name = "user", srcs = [":copy"])

data_library(name = "files", data = ["@files_module//:data.txt"], visibility = ["//inventories:__pkg__"])

check_test(name = "test", bundle = "user", data = "files")
''',
    "extension_user/BUILD.bazel": '''"""Uses a repository that the extension of files_module creates."""

load("//build:rules.bzl", "bundle")

bundle(name = "user", srcs = ["@generated_a//:data.txt"])
''',
}


def files() -> Iterator[tuple[str, str]]:
    """Yield the path and the content of every file."""
    yield ".bazelignore", "registry\n"
    yield "registry/bazel_registry.json", json.dumps({"module_base_path": "sources"})
    yield from _USERS.items()
    for name, versions in VERSIONS.items():
        for version, (statements, sources) in versions.items():
            module = f'module(name = "{name}", version = "{version}")\n\n{statements}'
            yield f"registry/modules/{name}/{version}/MODULE.bazel", module
            source = {"type": "local_path", "path": f"{name}-{version}"}
            yield f"registry/modules/{name}/{version}/source.json", json.dumps(source)
            yield f"registry/sources/{name}-{version}/MODULE.bazel", module
            for path, text in sources.items():
                yield f"registry/sources/{name}-{version}/{path}", text

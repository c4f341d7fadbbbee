"""The registry of the fixture: modules in several versions, and the packages that use them.

`stamp` is a macro that is reached through Starlark of the fixture alone, `mill` a toolchain that two rules
resolve, one of them for a group of its actions, `husk` is what the mill's files come from, and makes repositories,
`lens` is an aspect with a file of its own; nobody needs `bare`.
"""

import json
from collections.abc import Iterator, Mapping

Files = Mapping[str, str]

_PUBLIC = 'package(default_visibility = ["//visibility:public"])\n\n'

_STAMP = '''"""Stamps."""

def stamped(rule, name, **kwargs):
    rule(name = name, level = LEVEL, **kwargs)
'''

_MILL = '''"""Mills."""

def _stone_impl(ctx):
    return [platform_common.ToolchainInfo(grain = ctx.file.grain)]

stone = rule(implementation = _stone_impl, attrs = {"grain": attr.label(allow_single_file = True)})
'''

_MILL_BUILD = (
    'load(":mill.bzl", "stone")\n\n'
    + _PUBLIC
    + """toolchain_type(name = "type")

stone(name = "coarse", grain = "coarse.txt")

stone(name = "fine", grain = "@husk//:grain.txt")

toolchain(name = "a_toolchain", toolchain = ":FIRST", toolchain_type = ":type")

toolchain(name = "b_toolchain", toolchain = ":SECOND", toolchain_type = ":type")
"""
)

_CRATES = '''"""Repositories out of nothing."""

def _crate_impl(rctx):
    rctx.file("crate.txt", "BEFORE" + rctx.attr.weight)
    rctx.file("BUILD.bazel", "exports_files(['crate.txt'])")

_crate = repository_rule(implementation = _crate_impl, attrs = {"weight": attr.string()})

def _crates_impl(mctx):
    for module in mctx.modules:
        for tag in module.tags.crate:
            _crate(name = tag.name, weight = tag.weight)

crates = module_extension(implementation = _crates_impl, tag_classes = {"crate": tag_class(attrs = {
    "name": attr.string(),
    "weight": attr.string(),
})})
'''


_LENS = '''"""Looks at targets through a glass."""

LensInfo = provider(doc = "What was seen.", fields = {"files": "depset of File"})

def _look_impl(target, ctx):
    out = ctx.actions.declare_file(target.label.name + ".seen")
    glass = ctx.file._glass
    files = depset([glass], transitive = [target[DefaultInfo].files])
    ctx.actions.run_shell(outputs = [out], inputs = files, command = "cat %s > %s" % (glass.path, out.path))
    return [LensInfo(files = depset([out]))]

look = aspect(
    implementation = _look_impl,
    attrs = {"_glass": attr.label(allow_single_file = True, default = "//:glass.txt")},
)
'''


def _stamp(level: int, note: str = "") -> Files:
    return {"BUILD.bazel": "", "stamp.bzl": note + _STAMP.replace("LEVEL", str(level))}


def _mill(grain: str, first: str, second: str = "fine") -> Files:
    build = _MILL_BUILD.replace("FIRST", first).replace("SECOND", second)
    return {"BUILD.bazel": build, "mill.bzl": _MILL, "coarse.txt": f"{grain}\n"}


def _husk(grain: str, before: str = "") -> Files:
    return {
        "BUILD.bazel": _PUBLIC + 'exports_files(["grain.txt"])\n',
        "grain.txt": f"{grain}\n",
        "crates.bzl": _CRATES.replace("BEFORE", before),
    }


def _lens(glass: str) -> Files:
    return {"BUILD.bazel": 'exports_files(["glass.txt"])\n', "glass.txt": f"{glass}\n", "lens.bzl": _LENS}


_USES_HUSK = 'bazel_dep(name = "husk", version = "{}")\n'
_REGISTERS = _USES_HUSK + 'register_toolchains("{}")\n'

VERSIONS: Mapping[str, Mapping[str, tuple[str, Files]]] = {
    "stamp": {
        "1.0": ("", _stamp(1)),
        "1.1": ("", _stamp(2)),
        # Says the same as 1.0.
        "1.2": ("", _stamp(1, "# Newer.\n")),
    },
    "mill": {
        "1.0": (_REGISTERS.format("1.0", "//:a_toolchain"), _mill("coarse", "coarse")),
        # Another file behind the same toolchain.
        "1.1": (_REGISTERS.format("1.0", "//:a_toolchain"), _mill("coarser", "coarse")),
        # Another toolchain of the same module wins.
        "1.2": (_REGISTERS.format("1.0", "//:b_toolchain"), _mill("coarse", "coarse")),
        # The module below it is another.
        "1.3": (_REGISTERS.format("1.1", "//:a_toolchain"), _mill("coarse", "fine")),
        # It registers all that it has, and what its files come from has another extension.
        "1.4": (_REGISTERS.format("1.2", "//:all"), _mill("coarse", "coarse")),
    },
    "husk": {
        "1.0": ("", _husk("grain")),
        "1.1": ("", _husk("finer grain")),
        # Its extension makes repositories otherwise.
        "1.2": ("", _husk("grain", "boxed ")),
    },
    "lens": {
        "1.0": ("", _lens("clear")),
        "1.1": ("", _lens("clearer")),
    },
    "bare": {"1.0": (_USES_HUSK.format("1.0"), {"BUILD.bazel": ""})},
}
"""Modules by name and version: what MODULE.bazel says below its first statement, and the files."""

_USERS: Files = {
    "build/stamps.bzl": '''"""Bundles that a module stamps."""

load("@stamp//:stamp.bzl", "stamped")
load("//build:rules.bzl", "bundle")

def stamped_bundle(name, **kwargs):
    """Makes a bundle."""
    stamped(bundle, name, **kwargs)
''',
    "build/grind.bzl": '''"""The rules that a mill is for."""

def _ground(ctx, grain):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(outputs = [out], inputs = [grain], command = "cat %s > %s" % (grain.path, out.path))
    return [DefaultInfo(files = depset([out]))]

def _grind_impl(ctx):
    return _ground(ctx, ctx.toolchains["@mill//:type"].grain)

def _apart_impl(ctx):
    return _ground(ctx, ctx.exec_groups["apart"].toolchains["@mill//:type"].grain)

grind = rule(implementation = _grind_impl, toolchains = ["@mill//:type"])
grind_apart = rule(
    implementation = _apart_impl,
    exec_groups = {"apart": exec_group(toolchains = ["@mill//:type"])},
)
''',
    "build/see.bzl": '''"""The rule that hands on what an aspect of a module saw."""

load("@lens//:lens.bzl", "LensInfo", "look")

def _see_impl(ctx):
    return [DefaultInfo(files = depset(transitive = [dep[LensInfo].files for dep in ctx.attr.deps]))]

see = rule(implementation = _see_impl, attrs = {"deps": attr.label_list(aspects = [look])})
''',
    "seen/BUILD.bazel": '''"""Seen."""

load("//build:see.bzl", "see")

see(name = "seen", deps = ["//lib0"])
''',
    "stamped/BUILD.bazel": '''"""Stamped."""

load("//build:rules.bzl", "bundle")
load("//build:stamps.bzl", "stamped_bundle")

stamped_bundle(name = "stamped")

bundle(name = "above", srcs = [":stamped"])
''',
    "ground/BUILD.bazel": '''"""Ground."""

load("//build:grind.bzl", "grind", "grind_apart")
load("//build:holder.bzl", "holder")
load("//build:rules.bzl", "bundle", "check_test")

grind(name = "ground")

grind_apart(name = "apart")

bundle(name = "above", srcs = [":ground"])

holder(name = "husks", data = ["@husk//:grain.txt"], visibility = ["//inventories:__pkg__"])

check_test(name = "test", bundle = "above", data = "husks")
''',
    "packed/BUILD.bazel": '''"""Packed."""

load("//build:rules.bzl", "bundle")

bundle(name = "packed", srcs = ["@crate//:crate.txt"])
''',
}


def files() -> Iterator[tuple[str, str]]:
    """Yield every file by its path."""
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

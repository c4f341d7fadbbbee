"""A generated workspace with every kind of file that `affected` has a seed rule for.

It has libraries that depend on each other, services with a test and an image each, documents, two lock files from which
its module extension creates repositories, and modules in a registry in the workspace. It needs no network.
"""

import dataclasses
import pathlib
import subprocess
from collections.abc import Iterable, Iterator

from tools.affected.audit import registry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """The numbers of things in the workspace; a service has four targets, and two more for each of its `parts`."""

    libraries: int = 6
    services: int = 6
    distributions: int = 8
    parts: int = 0


SMALL = Size()

_MODULE = '''"""The fixture."""

module(name = "fixture")

bazel_dep(name = "bazel_skylib", version = "1.9.2")
bazel_dep(name = "platforms", version = "1.0.0")
bazel_dep(name = "rules_oci", version = "2.3.0")
bazel_dep(name = "rules_python", version = "2.3.2")

bazel_dep(name = "files_module", version = "1.0")
bazel_dep(name = "aspect_module", version = "1.0")
bazel_dep(name = "toolchain_module", version = "1.0")
bazel_dep(name = "macro_module", version = "1.0")

generated = use_extension("@files_module//:extension.bzl", "generated")
generated.repository(name = "generated_a", content = "1")
generated.repository(name = "generated_b", content = "1")
use_repo(generated, "generated_a")

pip = use_extension("//build:locks.bzl", "pip")
pip.parse(hub_name = "pip", requirements_lock = "//:requirements_lock.txt")
use_repo(pip, "pip")

debian = use_extension("//build:locks.bzl", "debian")
debian.lock(name = "base", lock = "//base:lock.json")
use_repo(debian, "base_amd64")
'''

_LOCKS = '''"""Repositories from the lock files: a package for each distribution, and a file for the base."""

_PACKAGE = "filegroup(name = 'pkg', srcs = %r, visibility = ['//visibility:public'])"

def _hub_impl(rctx):
    lines = [line for line in rctx.attr.lock.split("\\n") if "==" in line and "win32" not in line]
    pins = dict([line.split("==", 1) for line in lines])
    for name, rest in pins.items():
        below = ["//%s:pkg" % other for other in rctx.attr.needs.get(name, []) if other in pins]
        rctx.file(name + "/pin.txt", rest)
        rctx.file(name + "/BUILD.bazel", _PACKAGE % (["pin.txt"] + below))
    rctx.file("BUILD.bazel", "")

_hub = repository_rule(implementation = _hub_impl, attrs = {"lock": attr.string(), "needs": attr.string_list_dict()})

def _base_impl(rctx):
    rctx.file("base.txt", rctx.attr.lock)
    rctx.file("BUILD.bazel", "filegroup(name = 'files', srcs = ['base.txt'], visibility = ['//visibility:public'])")

_base = repository_rule(implementation = _base_impl, attrs = {"lock": attr.string()})

def _pip_impl(mctx):
    for module in mctx.modules:
        for tag in module.tags.parse:
            _hub(
                name = tag.hub_name,
                lock = mctx.read(tag.requirements_lock).replace("\\\\\\n", " "),
                needs = {"dist%d" % n: ["dist%d" % (n - 1)] for n in range(1, 20, 2)},
            )

pip = module_extension(implementation = _pip_impl, tag_classes = {"parse": tag_class(attrs = {
    "hub_name": attr.string(),
    "requirements_lock": attr.label(),
})})

def _debian_impl(mctx):
    for module in mctx.modules:
        for tag in module.tags.lock:
            _base(name = tag.name + "_amd64", lock = mctx.read(tag.lock))

debian = module_extension(implementation = _debian_impl, tag_classes = {"lock": tag_class(attrs = {
    "name": attr.string(),
    "lock": attr.label(),
})})
'''

_RULES = '''"""Rules for libraries, tests and images."""

BundleInfo = provider(doc = "Files.", fields = {"files": "depset of File"})

def _bundle_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    below = [dep[BundleInfo].files for dep in ctx.attr.deps if BundleInfo in dep]
    files = depset(ctx.files.srcs + ctx.files.third_party, transitive = below)
    outputs = depset([out], transitive = below)
    ctx.actions.run_shell(
        outputs = [out],
        inputs = files,
        arguments = [file.path for file in files.to_list()],
        command = "cat $@ > " + out.path,
        env = {"LEVEL": str(ctx.attr.level)},
        mnemonic = "Bundle",
    )
    runfiles = ctx.runfiles().merge_all([one[DefaultInfo].default_runfiles for one in ctx.attr.data])
    return [DefaultInfo(files = depset([out]), runfiles = runfiles), BundleInfo(files = outputs)]

_ATTRS = {
    "srcs": attr.label_list(allow_files = True),
    "deps": attr.label_list(),
    "third_party": attr.label_list(allow_files = True),
    "data": attr.label_list(),
    "level": attr.int(),
}
bundle = rule(implementation = _bundle_impl, attrs = _ATTRS)
oci_image = rule(implementation = _bundle_impl, attrs = _ATTRS)

def _check_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "test -s " + ctx.file.bundle.short_path, is_executable = True)
    runfiles = ctx.runfiles([ctx.file.bundle]).merge(ctx.attr.data[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = script, runfiles = runfiles)]

check_test = rule(
    implementation = _check_impl,
    attrs = {"bundle": attr.label(allow_single_file = True), "data": attr.label()},
    test = True,
)
'''

_DATA_LIBRARY = '''"""A rule that provides files and has no action, as libraries of an interpreted language do."""

def _data_library_impl(ctx):
    return [DefaultInfo(runfiles = ctx.runfiles(ctx.files.data))]

data_library = rule(
    implementation = _data_library_impl,
    doc = "Files to add to runfiles.",
    attrs = {"data": attr.label_list(allow_files = True)},
)
'''

_PINS = '''"""Rules that collect the files of other repositories by an aspect that does not read sources."""

PinsInfo = provider(doc = "Files of other repositories.", fields = {"files": "depset of File"})

def _find_impl(_target, ctx):
    own = [pin[DefaultInfo].files for pin in getattr(ctx.rule.attr, "third_party", [])]
    below = [dep[PinsInfo].files for dep in getattr(ctx.rule.attr, "deps", [])]
    return [PinsInfo(files = depset(transitive = own + below))]

_find = aspect(implementation = _find_impl, attr_aspects = ["deps"])

def _pins_impl(ctx):
    files = depset(transitive = [dep[PinsInfo].files for dep in ctx.attr.deps])
    return [DefaultInfo(files = files)]

pins = rule(
    implementation = _pins_impl,
    attrs = {
        "deps": attr.label_list(aspects = [_find]),
        "_affected_unseen": attr.string_list(default = ["srcs"]),
    },
)

def _pins_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "true", is_executable = True)
    files = depset(transitive = [dep[PinsInfo].files for dep in ctx.attr.deps])
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(transitive_files = files))]

pins_test = rule(
    implementation = _pins_test_impl,
    attrs = {
        "deps": attr.label_list(aspects = [_find]),
        "_affected_unseen": attr.string_list(default = ["data", "srcs"]),
    },
    test = True,
)
'''

_MACROS_BUILD = '''"""Macros, and a platform that is not registered."""

platform(
    name = "platform",
    exec_properties = {"cores": "2"},
    parents = ["@platforms//host"],
)
'''

_MACROS = '''"""The macro of services."""

load("//build:data_library.bzl", "data_library")
load("//build:pins.bzl", "pins")
load("//build:rules.bzl", "bundle", "check_test", "oci_image")

def service(name, deps, third_party = []):
    """Makes a bundle, its test and its image."""
    bundle(
        name = name,
        srcs = native.glob(["*.src"]),
        third_party = third_party,
        deps = deps,
    )
    data_library(name = "data", data = native.glob(["data/**"], allow_empty = True))
    check_test(name = "test", bundle = name, data = "data")
    oci_image(
        name = "image",
        srcs = ["@base_amd64//:files"],
        level = 1,
        deps = [name],
    )
    for part in range(PARTS):
        bundle(name = "part%d" % part, srcs = native.glob(["*.src"]), deps = deps)
        pins(name = "pins%d" % part, deps = [name])
'''
_INVENTORIES = '''"""Targets that depend on the third-party files of a library, with and without its own files."""

load("//build:pins.bzl", "pins", "pins_test")
load("//build:rules.bzl", "bundle")

pins(name = "pins", deps = ["//lib2"])

bundle(name = "with_data", data = ["//toolchain_user:files"], third_party = ["@files_module//:data.txt"])

pins_test(name = "pins_test", deps = [":with_data"])

bundle(name = "without_source", srcs = [":pins"])

bundle(name = "with_source", srcs = [":pins", "//lib2"])

bundle(name = "selected", level = select({"@platforms//cpu:riscv64": 1, "//conditions:default": 2}))
'''


_WINDOWS_PIN = f"windows1==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{1:064x}\n    # via requirements.in\n"
"""A distribution that the hub leaves out, because its marker excludes every platform."""


def files(size: Size = SMALL) -> Iterator[tuple[str, str]]:
    """Yield the path and the content of every file."""
    yield "MODULE.bazel", _MODULE
    yield ".bazelversion", "8.7.0\n"
    yield (
        ".bazelrc",
        "# MODULE.bazel.lock is not used.\ncommon --lockfile_mode=off\ncommon --noenable_workspace\n"
        "common --registry=file://%workspace%/registry\ncommon --registry=https://bcr.bazel.build\n",
    )
    yield ".gitignore", "/bazel-*\n"
    yield "BUILD.bazel", '"""The root."""\n'
    yield "README.md", "# Fixture\n\nA workspace.\n"
    yield "docs/guide.md", "# Guide\n\nHow to use it.\n"
    yield "build/BUILD.bazel", _MACROS_BUILD
    yield "build/locks.bzl", _LOCKS
    yield "build/rules.bzl", _RULES
    yield "build/data_library.bzl", _DATA_LIBRARY
    yield "build/pins.bzl", _PINS
    yield "build/macros.bzl", _MACROS.replace("PARTS", str(size.parts))
    yield "inventories/BUILD.bazel", _INVENTORIES
    yield "base/BUILD.bazel", '"""The base."""\n'
    yield "base/lock.json", '{"libc6": "2.36"}\n'
    yield "requirements_lock.txt", "".join(_pin(number) for number in range(size.distributions)) + _WINDOWS_PIN
    yield from registry.files()
    for number in range(size.libraries):
        yield from _library(number, size)
    for number in range(size.services):
        yield from _service(number, size)


def _pin(number: int) -> str:
    return f"dist{number}==1.0 \\\n    --hash=sha256:{number:064x}\n    # via requirements.in\n"


def _library(number: int, size: Size) -> Iterator[tuple[str, str]]:
    deps = [f"//lib{below}" for below in {number // 2, number - 2} if 0 <= below < number]
    yield (
        f"lib{number}/BUILD.bazel",
        f'"""Library {number}."""\n\nload("//build:rules.bzl", "bundle")\n\nbundle(\n'
        f'    name = "lib{number}",\n    srcs = [\n        "a.src",\n        "b.src",\n    ],\n'
        f'    third_party = ["@pip//dist{2 * (number % (size.distributions // 2)) + 1}:pkg"],\n'
        '    visibility = ["//visibility:public"],\n'
        f"    deps = {sorted(deps)!r},\n)\n".replace("'", '"'),
    )
    yield f"lib{number}/a.src", f"a {number}\n"
    yield f"lib{number}/b.src", f"b {number}\n"
    yield f"lib{number}/README.md", f"Library {number}.\n"


def _service(number: int, size: Size) -> Iterator[tuple[str, str]]:
    yield (
        f"svc{number}/BUILD.bazel",
        f'"""Service {number}."""\n\nload("//build:macros.bzl", "service")\n\nservice(\n'
        f'    name = "svc{number}",\n    deps = ["//lib{number % size.libraries}"],\n)\n',
    )
    yield f"svc{number}/main.src", f"main {number}\n"
    yield f"svc{number}/more.src", f"more {number}\n"
    yield f"svc{number}/data/table.txt", f"table {number}\n"


def create(folder: pathlib.Path, size: Size = SMALL) -> None:
    """Write the workspace and commit it."""
    commit(folder, files(size))


def commit(folder: pathlib.Path, contents: Iterable[tuple[str, str]]) -> None:
    """Write files and commit them."""
    for path, text in contents:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git = ["git", "-C", str(folder), "-c", "user.name=Audit", "-c", "user.email=audit@localhost"]
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=Begin"]):
        subprocess.run([*git, *arguments], check=True)

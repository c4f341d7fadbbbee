"""A generated workspace with one small image, whose layers are built by the tools of this repository.

The tools are copied into the workspace, and the interpreters are those of the build that runs the test, so its builds
need no network.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

IMAGES = 'filter("[.]digest$", //service:all)'
"""A query for the digest of the image."""

_MODULE = """\
module(name = "fixture")

bazel_dep(name = "bazel_skylib", version = "1.9.2")
bazel_dep(name = "platforms", version = "1.0.0")
bazel_dep(name = "rules_oci", version = "2.3.0")
bazel_dep(name = "rules_python", version = "2.3.2")

python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.toolchain(python_version = "3.11")

local_repository = use_repo_rule("@bazel_tools//tools/build_defs/repo:local.bzl", "local_repository")
local_repository(name = "base", path = "{base}")

track_list = use_repo_rule("//tools/build/tracks:repository.bzl", "track_list")
track_list(name = "tracks", main = "//tools/build/tracks:lock.txt")
"""

_OPTIONS = """\
# In a test a server ends after 15 idle seconds by default, and each of the two servers is idle for longer.
startup --max_idle_secs=600
common --lockfile_mode=off
common --noenable_workspace
common --incompatible_default_to_explicit_init_py
common --override_repository=rules_python++python+python_3_11={interpreter}
build --incompatible_strict_action_env
# The interpreters are in the cache of the build, which may be in /tmp.
build --noincompatible_sandbox_hermetic_tmp
"""

_LAYERS = """\
load("@bazel_skylib//rules:common_settings.bzl", "string_flag")
load("@rules_python//python:py_library.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

string_flag(name = "compression", build_setting_default = "gzip")

py_library(name = "pack", srcs = glob(["*.py"]))
"""

_TRACKS = """\
load("@bazel_skylib//rules:common_settings.bzl", "string_flag")

string_flag(name = "track", build_setting_default = "main", visibility = ["//visibility:public"])
"""

_PYTHON = 'alias(name = "python", actual = "@base//:python", visibility = ["//visibility:public"])\n'

_SERVICE = """\
load("@rules_oci//oci:defs.bzl", "oci_image")
load("@rules_python//python:py_library.bzl", "py_library")
load("//tools/oci/layers:first_party.bzl", "first_party_layers")

platform(name = "linux", constraint_values = ["@platforms//cpu:x86_64", "@platforms//os:linux"])

py_library(name = "service", srcs = glob(["**/*.py"]), data = glob(["data/**"]))

first_party_layers(name = "layers", platform = ":linux", deps = [":service"])

oci_image(name = "image", architecture = "amd64", os = "linux", tars = [":layers"])
"""

_FILES = {
    "tools/build/tracks/BUILD.bazel": _TRACKS,
    "tools/build/tracks/lock.txt": "",
    "tools/oci/layers/BUILD.bazel": _LAYERS,
    "tools/oci/python/BUILD.bazel": _PYTHON,
    "service/BUILD.bazel": _SERVICE,
    "service/__init__.py": '"""A service."""\n',
    "service/answers/__init__.py": "ANSWERS = {name: len(name) for name in {'one', 'two', 'three'}}\n",
    "service/data/b.txt": "b\n",
    "service/data/a.txt": "a\n",
    "docs/page.md": "A page.\n",
    "README.md": "A fixture.\n",
    "bazelw": '#!/bin/sh\nexec bazel --output_user_root="$HOME/bazel" "$@"\n',
}


@dataclass(frozen=True, kw_only=True)
class Interpreters:
    """The folders of two external repositories.

    Attributes:
        rules: The interpreter that rules_python uses.
        base: The base image.
    """

    rules: Path
    base: Path


def create(folder: Path, tools: Path, interpreters: Interpreters) -> None:
    """Write the workspace and commit it; `tools` is a folder that contains `tools/build/tracks` and `tools/oci`."""
    for path, content in _FILES.items():
        _write(folder / path, content)
    _write(folder / "MODULE.bazel", _MODULE.format(base=interpreters.base))
    _write(folder / ".bazelrc", _OPTIONS.format(interpreter=interpreters.rules))
    (folder / "bazelw").chmod(0o755)
    for package in ("tools/build/tracks", "tools/oci/layers", "tools/oci/python"):
        for file in [*(tools / package).glob("*.py"), *(tools / package).glob("*.bzl")]:
            shutil.copyfile(file, folder / package / file.name)
    for command in ("init --quiet", "add .", "-c user.name=n -c user.email=e commit --quiet -m first"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)

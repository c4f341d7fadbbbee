"""A small workspace in a git repository."""

import json
import os
import pathlib
import shlex
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tools.affected import __main__ as affected

GRAPH: Mapping[str, Any] = {
    "//lib:lib": {"rule": "py_library", "inputs": ["//lib:lib.py", "@@_main~pip~pip//idna:pkg"]},
    "//svc:svc": {"rule": "py_binary", "inputs": ["//svc:main.py", "//lib:lib"]},
    "//svc:test_svc": {"rule": "py_test", "inputs": ["//svc:test_svc.py", "//svc:svc"]},
    "//svc:slow": {"rule": "py_test", "inputs": ["//svc:svc"], "tags": ["manual"]},
    "//svc:image": {"rule": "oci_image_index", "inputs": ["//svc:svc", "@@_main~debian~base_amd64//:files"]},
    "//svc:image_push": {"rule": "image_push", "inputs": ["//svc:image"], "tags": ["manual"]},
    "//other:other": {"rule": "py_test", "inputs": ["//other:other.py"]},
    "@@_main~pip~pip//idna:pkg": {"rule": "alias", "inputs": []},
    "@@_main~debian~base_amd64//:files": {"rule": "filegroup", "inputs": []},
}
BELOW_LIB = {"//lib:lib", "//svc:svc", "//svc:test_svc", "//svc:slow", "//svc:image", "//svc:image_push"}
RULE = '"""svc/"""\n\nrule(name = "x")\n'
MODULE = """
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(hub_name = "pip", requirements_lock = "//:requirements_lock.txt")
use_repo(pip, "pip")
debian = use_extension("//base:extension.bzl", "debian")
debian.lock(name = "base", lock = "//base:lock.json")
use_repo(debian, "base_amd64", "base_arm64")
"""
LOCK = """\
anyio==4.16.0 \\
    --hash=sha256:aa
idna==3.20 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via anyio
"""


class Workspace:
    """A git repository with a few packages."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.bazel = folder.parent / "bazel"
        self.git("init", "--quiet", "--initial-branch=main")
        self.graph = {label: dict(rule) for label, rule in GRAPH.items()}

    def git(self, *arguments: str) -> str:
        """Run git in the workspace and return its output."""
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always"]
        process = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return process.stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def define(self, label: str, **attributes: Any) -> None:  # noqa: ANN401
        """Set attributes of a rule in the graph; its BUILD file does not change."""
        self.graph[label] = self.graph.get(label, {}) | attributes
        self.write("graph.json", json.dumps(self.graph))

    def commit(self) -> str:
        """Commit all files and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")
        return self.git("rev-parse", "HEAD")


class CommandLine:
    """Runs the command line and captures its output."""

    def __init__(self, workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        self.workspace = workspace
        self.capsys = capsys
        self.status = 0
        self.stderr = ""

    def __call__(self, *arguments: str) -> str:
        """Return what the command writes to stdout."""
        self.capsys.readouterr()
        self.status = affected.main(["--bazel", str(self.workspace.bazel), *arguments])
        captured = self.capsys.readouterr()
        self.stderr = captured.err
        return captured.out

    def labels(self, *arguments: str) -> set[str]:
        """Return the affected labels."""
        return set(self(*arguments).split())

    def document(self, *arguments: str) -> Any:  # noqa: ANN401
        """Return the JSON document."""
        return json.loads(self("--format", "json", *arguments))

    def scope(self, *arguments: str) -> str:
        """Return the scope of the result."""
        return str(self.document(*arguments)["scope"])


@pytest.fixture
def workspace(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace with one commit."""
    folder = tmp_path / "with space"
    folder.mkdir()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(folder))
    created = Workspace(folder)
    fake = pathlib.Path(__file__).with_name("fake_bazel.py").read_text()
    (tmp_path / "fake_bazel.py").write_text(fake)
    created.bazel.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$(dirname "$0")/fake_bazel.py" "$@"\n')
    created.bazel.chmod(0o755)
    for package in ("", "lib/", "svc/", "other/", "base/"):
        created.write(f"{package}BUILD.bazel", f'"""{package}"""\n\nrule(name = "x")\n')
    for path in ("lib/lib.py", "svc/main.py", "svc/test_svc.py", "other/other.py", "README.md"):
        created.write(path, "first\n")
    created.write("MODULE.bazel", MODULE)
    created.write("requirements_lock.txt", LOCK)
    created.write("base/lock.json", "{}\n")
    created.write("base/extension.bzl", 'load(":versions.bzl", "newer")\n')
    created.write("base/versions.bzl", "newer = 1\n")
    created.write("rules.bzl", "def macro(name):\n    native.rule(name = name)\n")
    created.write(".bazelrc", "# Why.\nbuild --keep_going\n")
    created.write(".bazelversion", "7.7.1\n")
    created.define("//lib:lib")
    created.commit()
    return created


@pytest.fixture
def affected_by(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Return the command line."""
    return CommandLine(workspace, capsys)

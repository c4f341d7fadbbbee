"""A clone of this repository as a workspace to edit, and random edits of it."""

import contextlib
import pathlib
import re
import subprocess
import tempfile
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from tools.affected.audit.mutations import Editor, Weights, change_option, comment_option
from tools.affected.bazel import Bazel
from tools.requirements.lockfile import read_lock
from tools.requirements.resolver import Resolver

_LEAVES = tuple(map(canonicalize_name, ("certifi", "idna", "mako", "typing-inspection")))
"""Distributions on which no target of this repository depends directly, in closures of different sizes."""

_BUILD_FILES = "[lst]*/[!a]*/**/BUILD.bazel"
"""Without those of tools/airgap, a change of which affects everything."""

# `aquery` uses the options of `build` and `cquery` those of `test`. If they differ, each discards the analysis of the
# other.
_SETTINGS = """\
common --repository_cache={downloads}
build --nobuild_runfile_links
"""


@contextlib.contextmanager
def clone(workspace: pathlib.Path) -> Iterator[Bazel]:
    """Clone the committed state, and remove the clone and its output root afterwards.

    The option is --output_user_root, not --output_base, because private copies of the tree have output bases too. The
    repository cache is shared with `workspace`.

    Yields:
        Bazel in the clone.
    """
    with tempfile.TemporaryDirectory(prefix="audit-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name, "clone")
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", workspace, folder], check=True)
        downloads = Bazel.find(workspace).run("info", "--noshow_progress", "repository_cache").decode().strip()
        settings = pathlib.Path(name, "audit.bazelrc")
        settings.write_text(_SETTINGS.format(downloads=downloads))
        startup = (f"--output_user_root={name}/bazel", f"--bazelrc={settings}")
        bazel = Bazel(program=str(folder / "bazelw"), workspace=folder, startup_options=startup)
        try:
            yield bazel
        finally:
            bazel.run("shutdown")
            subprocess.run(["chmod", "-R", "u+w", name], check=False)


def edit_source(editor: Editor) -> None:
    """Add a line to a module of a library, a service or a tool."""
    with editor.choose("[ls]*/*/**/*.py").open("a") as file:
        file.write(f"# line {editor.number()}\n")


def edit_tool(editor: Editor) -> None:
    """Add a line to a module of a tool."""
    with editor.choose("tools/[bdlor]*/**/*.py").open("a") as file:
        file.write(f"# line {editor.number()}\n")


def edit_document(editor: Editor) -> None:
    """Add a line to a document."""
    with editor.choose("docs/**/*.md").open("a") as file:
        file.write(f"Line {editor.number()}.\n")


def add_source(editor: Editor) -> None:
    """Add a module to a library and to its BUILD file, which the lint of the package requires."""
    # In `srcs`: the entries of an `exclude` are indented further.
    build = editor.choose_matching("libs/*/BUILD.bazel", r'^ {8}"__init__\.py",\n')
    name = f"new{editor.number()}.py"
    (build.parent / name).write_text('"""New."""\n')
    editor.replace(build, r'^ {8}"__init__\.py",\n', rf'\g<0>        "{name}",\n')


def delete_source(editor: Editor) -> None:
    """Delete a module that a target references."""
    editor.choose("[ls]*/*/**/test_*.py").unlink()


def rename_source(editor: Editor) -> None:
    """Rename a test and its target."""
    build = editor.choose_matching("libs/*/BUILD.bazel", r'"tests/test_\w+\.py"')
    (old,) = editor.generator.sample(re.findall(r'"tests/(test_\w+)\.py"', build.read_text()), 1)
    new = f"{old}_{editor.number()}"
    (build.parent / "tests" / f"{old}.py").rename(build.parent / "tests" / f"{new}.py")
    build.write_text(build.read_text().replace(f'"tests/{old}.py"', f'"tests/{new}.py"'))


def add_dependency(editor: Editor) -> None:
    """Let a target depend on a distribution that its BUILD file does not contain, since Bazel rejects duplicates."""
    pins = read_lock((editor.folder / "requirements_lock.txt").read_text())
    pattern = r"^( +)deps = \[\n"
    build = editor.choose_matching(_BUILD_FILES, pattern)
    names = [name.replace("-", "_") for name, pin in pins.items() if pin.requirement.marker is None]
    existing = set(re.findall(r'"(?:@pip//)?(\w+)"', build.read_text()))
    name = editor.generator.choice([name for name in names if name not in existing])
    editor.replace(build, pattern, rf'\g<0>\1    "@pip//{name}",\n')


def change_attribute(editor: Editor) -> None:
    """Add an argument to a test."""
    build = editor.choose_matching("libs/*/BUILD.bazel", r"^ *pytest_test\(\n")
    editor.replace(build, r"^( *)pytest_test\(\n", r'\g<0>\1    args = ["--verbose"],\n')


def comment_build_file(editor: Editor) -> None:
    """Add a comment to a BUILD file."""
    editor.replace(editor.choose(_BUILD_FILES), r"^load", f"# Note {editor.number()}.\nload")


def format_build_file(editor: Editor) -> None:
    """Break a list into more lines."""
    build = editor.choose_matching(_BUILD_FILES, r"deps = \[")
    editor.replace(build, r"deps = \[", "deps = [\n\n")


def change_rule(editor: Editor) -> None:
    """Change the action of a rule; no attribute changes."""
    rule = editor.choose_matching("tools/[lo]*/**/*.bzl", r'mnemonic = "')
    editor.replace(rule, r'mnemonic = "(\w+)"', rf'mnemonic = "\g<1>{editor.number()}"')


def change_macro(editor: Editor) -> None:
    """Change an attribute that a macro sets for its targets."""
    editor.replace(editor.folder / "tools/oci/service_image.bzl", r"image\.title", f"image.title{editor.number()}")


def comment_starlark(editor: Editor) -> None:
    """Add a comment to a Starlark file."""
    editor.replace(editor.choose("tools/[blo]*/**/*.bzl"), r"^def ", f"# Note {editor.number()}.\ndef ")


def bump_distribution(editor: Editor) -> None:
    """Downgrade a distribution to the latest older version in the package index."""
    name = editor.generator.choice(_LEAVES)
    lock = editor.folder / "requirements_lock.txt"
    text = lock.read_text()
    older = f"{name}<{read_lock(text)[name].version}\n"
    with tempfile.TemporaryDirectory(prefix="audit-lock-") as folder:
        requirements = (editor.folder / "requirements.in").read_text()
        lock.write_text(
            Resolver(pathlib.Path(folder)).lock({"requirements.in": requirements + older}, previous=text, options=[])
        )


def comment_lock(editor: Editor) -> None:
    """Change the comment that says what requires a distribution."""
    editor.replace(editor.folder / "requirements_lock.txt", r"^    # via \w+$", f"    # via x{editor.number()}")


def drop_from_base(editor: Editor) -> None:
    """Remove a package from the base image."""
    lock = editor.folder / "tools/oci/base/lock.json"
    editor.replace(lock, r' {6}\{\n {8}"name": "(?:tzdata|netbase)",\n(?: {8}.*\n)+ {6}\},\n', "")


def comment_modules(editor: Editor) -> None:
    """Add a comment to MODULE.bazel."""
    editor.replace(editor.folder / "MODULE.bazel", r"^module", f"# Note {editor.number()}.\nmodule")


OF_REPOSITORY: Weights = {
    edit_source: 8,
    edit_tool: 4,
    edit_document: 3,
    add_source: 2,
    delete_source: 1,
    rename_source: 2,
    add_dependency: 3,
    change_attribute: 3,
    comment_build_file: 2,
    format_build_file: 2,
    change_rule: 1,
    change_macro: 1,
    comment_starlark: 2,
    bump_distribution: 3,
    comment_lock: 1,
    drop_from_base: 1,
    change_option: 1,
    comment_option: 1,
    comment_modules: 1,
}

"""Random edits of the fixture, similar to edits by developers."""

import dataclasses
import pathlib
import random
import re
from collections.abc import Callable, Mapping

from tools.affected.audit import registry


@dataclasses.dataclass(frozen=True)
class Editor:
    """A workspace to edit, and the random generator that chooses the places."""

    folder: pathlib.Path
    generator: random.Random

    def choose(self, pattern: str) -> pathlib.Path:
        """Choose a file that matches a glob."""
        return self.generator.choice(sorted(self.folder.glob(pattern)))

    def choose_matching(self, pattern: str, regex: str) -> pathlib.Path:
        """Choose a file that matches a glob and contains a match of a regular expression."""
        files = sorted(self.folder.glob(pattern))
        return self.generator.choice([file for file in files if re.search(regex, file.read_text(), re.MULTILINE)])

    def number(self) -> int:
        """Choose a large number, which the file does not contain yet."""
        return self.generator.randrange(10, 10**9)

    def replace(self, file: pathlib.Path, pattern: str, by: str) -> None:
        """Replace one match of a regular expression.

        Raises:
            LookupError: The file has no match: the mutation does not fit the fixture.
        """
        text = file.read_text()
        matches = list(re.finditer(pattern, text, re.MULTILINE))
        if not matches:
            message = f"{file.relative_to(self.folder)} has no match of {pattern}"
            raise LookupError(message)
        match = self.generator.choice(matches)
        file.write_text(text[: match.start()] + match.expand(by) + text[match.end() :])


def edit_source(editor: Editor) -> None:
    """Add a line to a source file."""
    with editor.choose("*/*.src").open("a") as file:
        file.write(f"line {editor.number()}\n")


def edit_document(editor: Editor) -> None:
    """Add a line to a document that no target references."""
    with editor.choose("**/*.md").open("a") as file:
        file.write(f"Line {editor.number()}.\n")


def add_source(editor: Editor) -> None:
    """Add a file: services find it by their glob, libraries do not."""
    existing = editor.choose("*/*.src")
    (existing.parent / f"new{editor.number()}.src").write_text("new\n")


def delete_source(editor: Editor) -> None:
    """Delete a file that a glob finds."""
    editor.choose("svc*/more.src").unlink()


def rename_source(editor: Editor) -> None:
    """Rename a file that a glob finds."""
    file = editor.choose("svc*/*.src")
    file.rename(file.with_name(f"moved{editor.number()}.src"))


def edit_data(editor: Editor) -> None:
    """Add a line to a file that is a runfile of a test and no input of an action."""
    with editor.choose("svc*/data/table.txt").open("a") as file:
        file.write(f"line {editor.number()}\n")


def add_data(editor: Editor) -> None:
    """Add a file that a recursive glob finds."""
    file = editor.choose("svc*/data") / f"deep{editor.number()}" / "more.txt"
    file.parent.mkdir()
    file.write_text("more\n")


def make_executable(editor: Editor) -> None:
    """Set the executable bit of a file; its content does not change."""
    editor.choose("svc*/data/table.txt").chmod(0o755)


def split_package(editor: Editor) -> None:
    """Add a BUILD file to a folder, whose files are then not in the globs of the package around it."""
    (editor.choose("svc*/data") / "BUILD.bazel").write_text('"""Data."""\n')


def delete_document(editor: Editor) -> None:
    """Delete a document."""
    editor.choose("lib*/README.md").unlink()


def change_attribute(editor: Editor) -> None:
    """Change an attribute that the action of a library uses."""
    editor.replace(editor.choose("lib*/BUILD.bazel"), r"^(bundle\()", rf"\1\n    level = {editor.number()},")


def change_select(editor: Editor) -> None:
    """Change a branch of a select."""
    editor.replace(editor.folder / "inventories/BUILD.bazel", r'default": \d+', f'default": {editor.number()}')


def add_dependency(editor: Editor) -> None:
    """Let a service depend on a distribution."""
    editor.replace(editor.choose("svc*/BUILD.bazel"), r"^(service\()", r'\1\n    third_party = ["@pip//dist1:pkg"],')


def add_external_data(editor: Editor) -> None:
    """Add a file of another repository to the data of a target: programs contain the mapping of that repository."""
    editor.replace(editor.folder / "toolchain_user/BUILD.bazel", r"data = \[", r'\g<0>"@toolchain_module//:own.txt", ')


def add_package(editor: Editor) -> None:
    """Add a package that no target depends on."""
    folder = editor.folder / f"extra{editor.number()}"
    folder.mkdir()
    (folder / "BUILD.bazel").write_text('load("//build:rules.bzl", "bundle")\n\nbundle(name = "x", srcs = ["x.src"])\n')
    (folder / "x.src").write_text("x\n")


def add_target(editor: Editor) -> None:
    """Add a target to a package."""
    with editor.choose("lib*/BUILD.bazel").open("a") as file:
        file.write(f'\nbundle(\n    name = "more{editor.number()}",\n    srcs = ["a.src"],\n)\n')


def comment_build_file(editor: Editor) -> None:
    """Add a comment to a BUILD file."""
    editor.replace(editor.choose("*/BUILD.bazel"), r"^(load|\"\"\")", rf"# Note {editor.number()}.\n\1")


def format_build_file(editor: Editor) -> None:
    """Break a list into several lines."""
    editor.replace(editor.choose("svc*/BUILD.bazel"), r"deps = \[", "deps = [\n\n        ")


def change_rule(editor: Editor) -> None:
    """Change the action of a rule; no attribute changes."""
    editor.replace(editor.folder / "build/rules.bzl", r"cat \$@", f"cat $@ /dev/null && : {editor.number()}; cat $@")


def change_macro(editor: Editor) -> None:
    """Change an attribute that a macro sets for one of its targets."""
    editor.replace(editor.folder / "build/macros.bzl", r"level = 1", f"level = {editor.number()}")


def comment_starlark(editor: Editor) -> None:
    """Add a comment to a Starlark file."""
    editor.replace(editor.folder / "build/macros.bzl", r"^(load|def)", rf"# Note {editor.number()}.\n\1")


def reword_starlark(editor: Editor) -> None:
    """Change a docstring in a Starlark file."""
    editor.replace(editor.folder / "build/macros.bzl", r"Makes a bundle", f"Makes bundle {editor.number()}")


def bump_distribution(editor: Editor) -> None:
    """Bump one distribution."""
    editor.replace(editor.folder / "requirements_lock.txt", r"==[\d.]+", f"==2.{editor.number()}")


def rehash_distribution(editor: Editor) -> None:
    """Change the hash of a distribution."""
    editor.replace(editor.folder / "requirements_lock.txt", r"sha256:\w{9}", f"sha256:{editor.number():09x}")


def rehash_excluded_distribution(editor: Editor) -> None:
    """Change the hash of a distribution for Windows, which is not in the hub."""
    pattern = r"^(windows1==.*\n.*sha256:)\w{9}"
    editor.replace(editor.folder / "requirements_lock.txt", pattern, rf"\g<1>{editor.number():09x}")


def remove_distribution(editor: Editor) -> None:
    """Remove a distribution on which another one depends and no target does."""
    editor.replace(editor.folder / "requirements_lock.txt", r"^dist0==.*\n.*\n.*\n", "")


def add_distribution(editor: Editor) -> None:
    """Add a distribution that no target depends on."""
    with (editor.folder / "requirements_lock.txt").open("a") as file:
        file.write(f"extra{editor.number()}==1.0 --hash=sha256:00\n")


def comment_lock(editor: Editor) -> None:
    """Change the comment that says what requires a distribution."""
    editor.replace(editor.folder / "requirements_lock.txt", r"via requirements\.in", f"via {editor.number()}")


def bump_base(editor: Editor) -> None:
    """Bump a package of the base."""
    editor.replace(editor.folder / "base/lock.json", r"2\.36", f"2.{editor.number()}")


def change_option(editor: Editor) -> None:
    """Add an option of the build."""
    with (editor.folder / ".bazelrc").open("a") as file:
        file.write(f"build --compilation_mode={editor.generator.choice(['dbg', 'opt'])}\n")


def comment_option(editor: Editor) -> None:
    """Change a comment in .bazelrc."""
    editor.replace(editor.folder / ".bazelrc", r"^# .*", f"# Because {editor.number()}.")


def comment_modules(editor: Editor) -> None:
    """Add a comment to MODULE.bazel."""
    editor.replace(editor.folder / "MODULE.bazel", r"^(module|pip = )", rf"# Note {editor.number()}.\n\1")


def _modules(editor: Editor) -> pathlib.Path:
    return editor.folder / "MODULE.bazel"


def bump_module(editor: Editor) -> None:
    """Bump a module."""
    name, version = editor.generator.choice(
        [
            (name, version)
            for name in ("files_module", "aspect_module", "toolchain_module", "macro_module")
            for version in list(registry.VERSIONS[name])[1:]
        ]
    )
    editor.replace(_modules(editor), rf'(name = "{name}", version = )"1.0"', rf'\1"{version}"')


def add_module(editor: Editor) -> None:
    """Depend on a module that no package uses; the order of toolchains may change."""
    editor.replace(
        _modules(editor),
        r'^(bazel_dep\(name = "files_module")',
        r'bazel_dep(name = "unused_module", version = "1.0")\n\1',
    )


def order_modules(editor: Editor) -> None:
    """Move a `use_repo` statement."""
    editor.replace(_modules(editor), r"^(pip\.parse.*\n)(use_repo.*\n)", r"\2\1")


def change_tag(editor: Editor) -> None:
    """Change a tag of a module extension; one of its repositories is not used."""
    editor.replace(_modules(editor), r'content = "1"', f'content = "{editor.number()}"')


def use_repository(editor: Editor) -> None:
    """Import a repository that no target depends on."""
    editor.replace(_modules(editor), r'use_repo\(generated, "generated_a"', r'\g<0>, "generated_b"')


def register_toolchain(editor: Editor) -> None:
    """Register another toolchain first."""
    with _modules(editor).open("a") as file:
        file.write('\nregister_toolchains("@toolchain_module//:b_toolchain")\n')


def register_platform(editor: Editor) -> None:
    """Register another execution platform."""
    with _modules(editor).open("a") as file:
        file.write('\nregister_execution_platforms("//build:platform")\n')


def rename_module(editor: Editor) -> None:
    """Change the repository name of a module."""
    name = f"files{editor.number()}"
    editor.replace(_modules(editor), r'(name = "files_module", )', rf'\1repo_name = "{name}", ')
    editor.replace(_modules(editor), r"@files_module//", f"@{name}//")
    for package in ("toolchain_user", "inventories"):
        editor.replace(editor.folder / package / "BUILD.bazel", r"@files_module//", f"@{name}//")


Mutation = Callable[[Editor], None]
Weights = Mapping[Mutation, int]
"""Mutations with the weights by which they are drawn."""

OF_FIXTURE: Weights = {
    edit_source: 6,
    edit_document: 2,
    add_source: 2,
    delete_source: 2,
    rename_source: 2,
    edit_data: 3,
    add_data: 1,
    make_executable: 1,
    split_package: 1,
    delete_document: 1,
    change_attribute: 3,
    change_select: 1,
    add_dependency: 2,
    add_external_data: 1,
    add_package: 1,
    add_target: 1,
    comment_build_file: 2,
    format_build_file: 1,
    change_rule: 1,
    change_macro: 2,
    comment_starlark: 1,
    reword_starlark: 1,
    bump_distribution: 3,
    rehash_distribution: 1,
    rehash_excluded_distribution: 1,
    remove_distribution: 1,
    add_distribution: 1,
    comment_lock: 1,
    bump_base: 2,
    change_option: 1,
    comment_option: 1,
    comment_modules: 1,
    bump_module: 4,
    add_module: 1,
    order_modules: 1,
    change_tag: 1,
    use_repository: 1,
    register_toolchain: 1,
    rename_module: 1,
}


def draw(weights: Weights, generator: random.Random, count: int) -> list[Mutation]:
    """Draw mutations: first each one once, then more by weight."""
    each = list(weights)
    generator.shuffle(each)
    rest = generator.choices(list(weights), weights=list(weights.values()), k=max(0, count - len(each)))
    return each[:count] + rest

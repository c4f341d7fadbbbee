"""Edits as people make them, at random places of a workspace; these are for the fixture."""

import dataclasses
import pathlib
import random
import re
from collections.abc import Callable, Mapping

from tools.affected.audit import registry


@dataclasses.dataclass(frozen=True)
class Editor:
    """A workspace to edit and the dice that choose."""

    folder: pathlib.Path
    dice: random.Random

    def some(self, pattern: str) -> pathlib.Path:
        """Choose one file."""
        return self.dice.choice(sorted(self.folder.glob(pattern)))

    def some_with(self, pattern: str, place: str) -> pathlib.Path:
        """Choose one file that has a place which fits a regular expression."""
        files = sorted(self.folder.glob(pattern))
        return self.dice.choice([file for file in files if re.search(place, file.read_text(), re.MULTILINE)])

    def number(self) -> int:
        """Choose a number that was not there before."""
        return self.dice.randrange(10, 10**9)

    def replace(self, file: pathlib.Path, pattern: str, by: str) -> None:
        """Replace one place of a file that fits a pattern.

        Raises:
            LookupError: no place does; the fixture and its mutations no longer fit together.
        """
        text = file.read_text()
        places = list(re.finditer(pattern, text, re.MULTILINE))
        if not places:
            message = f"{file.relative_to(self.folder)} has no place for {pattern}"
            raise LookupError(message)
        place = self.dice.choice(places)
        file.write_text(text[: place.start()] + place.expand(by) + text[place.end() :])


def edit_source(editor: Editor) -> None:
    """Add a line to a source file."""
    with editor.some("*/*.src").open("a") as file:
        file.write(f"line {editor.number()}\n")


def edit_document(editor: Editor) -> None:
    """Add a line to a document that no target takes."""
    with editor.some("**/*.md").open("a") as file:
        file.write(f"Line {editor.number()}.\n")


def add_source(editor: Editor) -> None:
    """Add a file: services take it by their pattern, libraries do not."""
    beside = editor.some("*/*.src")
    (beside.parent / f"new{editor.number()}.src").write_text("new\n")


def delete_source(editor: Editor) -> None:
    """Delete a file that a pattern takes."""
    editor.some("svc*/more.src").unlink()


def rename_source(editor: Editor) -> None:
    """Rename a file that a pattern takes."""
    file = editor.some("svc*/*.src")
    file.rename(file.with_name(f"moved{editor.number()}.src"))


def edit_data(editor: Editor) -> None:
    """Add a line to a file that no action reads, and a test has at hand."""
    with editor.some("svc*/data/table.txt").open("a") as file:
        file.write(f"line {editor.number()}\n")


def add_data(editor: Editor) -> None:
    """Add a file that a pattern over folders takes."""
    file = editor.some("svc*/data") / f"deep{editor.number()}" / "more.txt"
    file.parent.mkdir()
    file.write_text("more\n")


def make_executable(editor: Editor) -> None:
    """Let a file be run; its content is the same."""
    editor.some("svc*/data/table.txt").chmod(0o755)


def split_package(editor: Editor) -> None:
    """Put a BUILD file into a folder, which takes its files from the pattern of the package around it."""
    (editor.some("svc*/data") / "BUILD.bazel").write_text('"""Data."""\n')


def delete_document(editor: Editor) -> None:
    """Delete a document."""
    editor.some("lib*/README.md").unlink()


def change_attribute(editor: Editor) -> None:
    """Change what a library's action sees."""
    editor.replace(editor.some("lib*/BUILD.bazel"), r"^(bundle\()", rf"\1\n    level = {editor.number()},")


def change_choice(editor: Editor) -> None:
    """Choose otherwise by the machine that is built for."""
    editor.replace(editor.folder / "inventories/BUILD.bazel", r'default": \d+', f'default": {editor.number()}')


def add_dependency(editor: Editor) -> None:
    """Let a service take a distribution of its own."""
    editor.replace(editor.some("svc*/BUILD.bazel"), r"^(service\()", r'\1\n    third_party = ["@pip//dist1:pkg"],')


def put_at_hand(editor: Editor) -> None:
    """Have a file of another repository at hand: nobody reads it, and programs carry what that calls others."""
    editor.replace(editor.folder / "ground/BUILD.bazel", r"data = \[", r'\g<0>"@mill//:coarse.txt", ')


def add_package(editor: Editor) -> None:
    """Add a package that nobody needs yet."""
    folder = editor.folder / f"extra{editor.number()}"
    folder.mkdir()
    (folder / "BUILD.bazel").write_text('load("//build:rules.bzl", "bundle")\n\nbundle(name = "x", srcs = ["x.src"])\n')
    (folder / "x.src").write_text("x\n")


def add_target(editor: Editor) -> None:
    """Add a target to a package."""
    with editor.some("lib*/BUILD.bazel").open("a") as file:
        file.write(f'\nbundle(\n    name = "more{editor.number()}",\n    srcs = ["a.src"],\n)\n')


def comment_build_file(editor: Editor) -> None:
    """Comment a BUILD file."""
    editor.replace(editor.some("*/BUILD.bazel"), r"^(load|\"\"\")", rf"# Note {editor.number()}.\n\1")


def format_build_file(editor: Editor) -> None:
    """Write a list over several lines."""
    editor.replace(editor.some("svc*/BUILD.bazel"), r"deps = \[", "deps = [\n\n        ")


def change_rule(editor: Editor) -> None:
    """Change what a rule's action does; no attribute differs."""
    editor.replace(editor.folder / "build/rules.bzl", r"cat \$@", f"cat $@ /dev/null && : {editor.number()}; cat $@")


def change_macro(editor: Editor) -> None:
    """Change what a macro says to one of its targets."""
    editor.replace(editor.folder / "build/macros.bzl", r"level = 1", f"level = {editor.number()}")


def comment_starlark(editor: Editor) -> None:
    """Comment Starlark."""
    editor.replace(editor.folder / "build/macros.bzl", r"^(load|def)", rf"# Note {editor.number()}.\n\1")


def reword_starlark(editor: Editor) -> None:
    """Reword a docstring."""
    editor.replace(editor.folder / "build/macros.bzl", r"Makes a bundle", f"Makes bundle {editor.number()}")


def bump_distribution(editor: Editor) -> None:
    """Bump one distribution."""
    editor.replace(editor.folder / "requirements_lock.txt", r"==[\d.]+", f"==2.{editor.number()}")


def rehash_distribution(editor: Editor) -> None:
    """Take other files of the same version."""
    editor.replace(editor.folder / "requirements_lock.txt", r"sha256:\w{9}", f"sha256:{editor.number():09x}")


def rehash_excluded_distribution(editor: Editor) -> None:
    """Take other files of a distribution that is for Windows alone and not in the hub."""
    place = r"^(windows1==.*\n.*sha256:)\w{9}"
    editor.replace(editor.folder / "requirements_lock.txt", place, rf"\g<1>{editor.number():09x}")


def remove_distribution(editor: Editor) -> None:
    """Remove a distribution that another one needed and no target named."""
    editor.replace(editor.folder / "requirements_lock.txt", r"^dist0==.*\n.*\n.*\n", "")


def add_distribution(editor: Editor) -> None:
    """Add a distribution that nobody needs."""
    with (editor.folder / "requirements_lock.txt").open("a") as file:
        file.write(f"extra{editor.number()}==1.0 --hash=sha256:00\n")


def comment_lock(editor: Editor) -> None:
    """Say otherwise who wants a distribution."""
    editor.replace(editor.folder / "requirements_lock.txt", r"via somebody", f"via {editor.number()}")


def bump_base(editor: Editor) -> None:
    """Bump a package of the base."""
    editor.replace(editor.folder / "base/lock.json", r"2\.36", f"2.{editor.number()}")


def change_option(editor: Editor) -> None:
    """Build otherwise."""
    with (editor.folder / ".bazelrc").open("a") as file:
        file.write(f"build --compilation_mode={editor.dice.choice(['dbg', 'opt'])}\n")


def comment_option(editor: Editor) -> None:
    """Give another reason for an option."""
    editor.replace(editor.folder / ".bazelrc", r"^# .*", f"# Because {editor.number()}.")


def comment_modules(editor: Editor) -> None:
    """Comment MODULE.bazel."""
    editor.replace(editor.folder / "MODULE.bazel", r"^(module|pip = )", rf"# Note {editor.number()}.\n\1")


def _modules(editor: Editor) -> pathlib.Path:
    return editor.folder / "MODULE.bazel"


def bump_module(editor: Editor) -> None:
    """Take another version of a module."""
    name, version = editor.dice.choice(
        [(name, version) for name in ("husk", "lens", "mill", "stamp") for version in list(registry.VERSIONS[name])[1:]]
    )
    editor.replace(_modules(editor), rf'(name = "{name}", version = )"1.0"', rf'\1"{version}"')


def add_module(editor: Editor) -> None:
    """Depend on a module that nobody uses yet; the order in which toolchains are looked at may be another."""
    editor.replace(_modules(editor), r'^(bazel_dep\(name = "husk")', r'bazel_dep(name = "bare", version = "1.0")\n\1')


def order_modules(editor: Editor) -> None:
    """Bring in repositories at another place."""
    editor.replace(_modules(editor), r"^(pip\.parse.*\n)(use_repo.*\n)", r"\2\1")


def change_tag(editor: Editor) -> None:
    """Say something else to an extension; one of its repositories is nobody's."""
    editor.replace(_modules(editor), r'weight = "1"', f'weight = "{editor.number()}"')


def use_repository(editor: Editor) -> None:
    """Bring in a repository that nobody takes yet."""
    editor.replace(_modules(editor), r'use_repo\(crates, "crate"', r'\g<0>, "spare"')


def register_toolchain(editor: Editor) -> None:
    """Let another toolchain win."""
    with _modules(editor).open("a") as file:
        file.write('\nregister_toolchains("@mill//:b_toolchain")\n')


def register_platform(editor: Editor) -> None:
    """Let actions run on another machine."""
    with _modules(editor).open("a") as file:
        file.write('\nregister_execution_platforms("//build:machine")\n')


def rename_module(editor: Editor) -> None:
    """Call a module by another name."""
    name = f"husk{editor.number()}"
    editor.replace(_modules(editor), r'(name = "husk", )', rf'\1repo_name = "{name}", ')
    editor.replace(_modules(editor), r"@husk//", f"@{name}//")
    for package in ("ground", "inventories"):
        editor.replace(editor.folder / package / "BUILD.bazel", r"@husk//", f"@{name}//")


Mutation = Callable[[Editor], None]
Weights = Mapping[Mutation, int]
"""Mutations, and how often each is drawn."""

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
    change_choice: 1,
    add_dependency: 2,
    put_at_hand: 1,
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


def drawn(weights: Weights, dice: random.Random, count: int) -> list[Mutation]:
    """Draw mutations: each one once as far as the count goes, the rest by weight."""
    every = list(weights)
    dice.shuffle(every)
    rest = dice.choices(list(weights), weights=list(weights.values()), k=max(0, count - len(every)))
    return every[:count] + rest

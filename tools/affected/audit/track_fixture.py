"""A generated workspace with two dependency tracks, and random edits of their lock files.

Its module extension names repositories as rules_python does: tracks with equal pins of a distribution share a
repository, others have one each, with the platform in its name.
"""

from collections.abc import Iterator

from tools.affected.audit.mutations import Editor, Weights

_DISTRIBUTIONS = 6
_LOCKS = ("requirements_lock.txt", "requirements/old_lock.txt")

_MODULE = '''"""Two tracks behind one hub."""

module(name = "tracked")

bazel_dep(name = "bazel_skylib", version = "1.9.2")
bazel_dep(name = "platforms", version = "1.0.0")
bazel_dep(name = "rules_oci", version = "2.3.0")
bazel_dep(name = "rules_python", version = "2.3.2")

TRACKS = ["old"]

pip = use_extension("//build:locks.bzl", "pip")
pip.parse(
    hub_name = "pip",
    requirements_by_platform = {"//:requirements_lock.txt": "linux"} | {
        "//:requirements/{}_lock.txt".format(track): "linux_" + track
        for track in TRACKS
    },
)
use_repo(pip, "pip")
'''

_EXTENSION = '''"""Repositories from two lock files."""

_PACKAGE = "filegroup(name = 'pkg', srcs = %r, visibility = ['//visibility:public'])"
_ALIAS = "alias(name = 'pkg', actual = select(%r), visibility = ['//visibility:public'])"
_SETTING = "config_setting(name = %r, flag_values = {%r: %r}, visibility = ['//visibility:public'])\\n"

def _wheel_impl(rctx):
    rctx.file("pin.txt", rctx.attr.line)
    below = ["@pip//%s:pkg" % rctx.attr.needs] if rctx.attr.needs else []
    rctx.file("BUILD.bazel", _PACKAGE % (["pin.txt"] + below))

_wheel = repository_rule(implementation = _wheel_impl, attrs = {"line": attr.string(), "needs": attr.string()})

def _hub_impl(rctx):
    tracks = {"linux": "main", "linux_old": "old"}
    rctx.file("BUILD.bazel", "".join([_SETTING % (name, rctx.attr.flag, track) for name, track in tracks.items()]))
    for name, choices in json.decode(rctx.attr.choices).items():
        actual = {"//:" + platform: "@%s//:pkg" % wheel for platform, wheel in choices.items()}
        rctx.file(name + "/BUILD.bazel", _ALIAS % actual)

_hub = repository_rule(implementation = _hub_impl, attrs = {"choices": attr.string(), "flag": attr.string()})

def _lines(text):
    lines = [line for line in text.replace("\\\\\\n", " ").split("\\n") if "==" in line]
    return {line.partition("==")[0]: line for line in lines}

def _pip_impl(mctx):
    (tag,) = [tag for module in mctx.modules for tag in module.tags.parse]
    locks = {platform: _lines(mctx.read(lock)) for lock, platform in tag.requirements_by_platform.items()}
    choices, wheels = {}, {}
    for platform, lines in locks.items():
        for name, line in lines.items():
            same = len({other.get(name): None for other in locks.values()}) == 1
            wheel = "pip_" + name + ("" if same else "_" + platform)
            choices.setdefault(name, {})[platform] = wheel
            wheels[wheel] = (line, "d%d" % (int(name[1:]) - 1) if int(name[1:]) % 2 else "")
    for wheel, (line, needs) in wheels.items():
        _wheel(name = wheel, line = line, needs = needs)
    _hub(name = tag.hub_name, choices = json.encode(choices), flag = str(Label("//build:track")))

pip = module_extension(implementation = _pip_impl, tag_classes = {"parse": tag_class(attrs = {
    "hub_name": attr.string(),
    "requirements_by_platform": attr.label_keyed_string_dict(),
})})
'''

_RULES = '''"""A flag, and rules that bundle files on the track of the build or on a given one."""

flag = rule(implementation = lambda ctx: [], build_setting = config.string(flag = True))

def _bundle_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.deps,
        arguments = [out.path] + [file.path for file in ctx.files.deps],
        command = 'out=$1; shift; cat "$@" > "$out"',
        mnemonic = "Bundle",
    )
    return [DefaultInfo(files = depset([out]))]

bundle = rule(implementation = _bundle_impl, attrs = {"deps": attr.label_list(allow_files = True)})

def _to_track_impl(_settings, attr):
    return {"//build:track": attr.track}

_to_track = transition(implementation = _to_track_impl, inputs = [], outputs = ["//build:track"])

track_bundle = rule(
    implementation = _bundle_impl,
    attrs = {
        "deps": attr.label_list(allow_files = True),
        "track": attr.string(),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    cfg = _to_track,
)
'''

_BUILD = """load("//build:rules.bzl", "bundle", "track_bundle")

[bundle(name = "lib%d" % n, deps = ["@pip//d%d:pkg" % n] + ([":lib%d" % (n - 2)] if n > 1 else [])) for n in range(6)]

[bundle(name = "new%d" % n, deps = [":lib%d" % n]) for n in range(6)]

[track_bundle(name = "old%d" % n, deps = [":lib%d" % n], track = "old") for n in range(0, 6, 2)]

track_bundle(name = "pinned", deps = [":lib1"], track = "main")
"""


def files() -> Iterator[tuple[str, str]]:
    """Yield the path and the content of every file."""
    yield "MODULE.bazel", _MODULE
    yield ".bazelversion", "8.7.0\n"
    yield ".bazelrc", "common --lockfile_mode=off\ncommon --noenable_workspace\n"
    yield ".gitignore", "/bazel-*\n"
    yield "BUILD.bazel", '"""The root."""\n'
    yield (
        "build/BUILD.bazel",
        'load(":rules.bzl", "flag")\n\npackage(default_visibility = ["//visibility:public"])\n\n'
        'flag(name = "track", build_setting_default = "main")\n',
    )
    yield "build/locks.bzl", _EXTENSION
    yield "build/rules.bzl", _RULES
    yield "svc/BUILD.bazel", _BUILD
    for lock in _LOCKS:
        differs = {4, 5} if lock != _LOCKS[0] else set[int]()
        yield lock, "".join(_pin(number, "0.9" if number in differs else "1.0") for number in range(_DISTRIBUTIONS))


def _pin(number: int, version: str) -> str:
    return f"d{number}=={version} \\\n    --hash=sha256:{number:064x}\n    # via -r requirements.in\n"


def _edit(editor: Editor, locks: tuple[str, ...], pattern: str, by: str) -> None:
    number = editor.generator.randrange(_DISTRIBUTIONS)
    for lock in locks:
        editor.replace(editor.folder / lock, rf"(?<=^d{number}==)" + pattern, by)


def bump_main(editor: Editor) -> None:
    """Bump a distribution in the main lock file."""
    _edit(editor, _LOCKS[:1], r"[\d.]+", f"2.{editor.number()}")


def bump_track(editor: Editor) -> None:
    """Bump a distribution in the lock file of the track."""
    _edit(editor, _LOCKS[1:], r"[\d.]+", f"2.{editor.number()}")


def bump_both(editor: Editor) -> None:
    """Bump a distribution in both lock files."""
    _edit(editor, _LOCKS, r"[\d.]+", f"2.{editor.number()}")


def use_main_pins(editor: Editor) -> None:
    """Copy the main lock file to that of the track."""
    main = (editor.folder / _LOCKS[0]).read_text()
    (editor.folder / _LOCKS[1]).write_text(main)


def rehash_track(editor: Editor) -> None:
    """Change the hash of a distribution in the lock file of the track."""
    _edit(editor, _LOCKS[1:], r"([\d.]+ \\\n +--hash=sha256:)\w{9}", rf"\g<1>{editor.number():09x}")


def comment_track(editor: Editor) -> None:
    """Change the comment that says what requires a distribution."""
    _edit(editor, _LOCKS[1:], r"((?:.*\n){2}    # via ).*", rf"\g<1>x{editor.number()}")


OF_TRACKS: Weights = {
    bump_main: 4,
    bump_track: 6,
    bump_both: 3,
    use_main_pins: 1,
    rehash_track: 3,
    comment_track: 1,
}

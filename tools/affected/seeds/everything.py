"""Files that every target hangs on, but for MODULE.bazel."""

import pathlib

from tools.affected import module_file, starlark
from tools.affected.changes import Change
from tools.affected.scene import Scene
from tools.affected.seeds import module_locks
from tools.affected.verdict import Verdict, everything, nothing

_LAUNCHER = {".bazelversion": "the version of Bazel", "bazelw": "how Bazel is started"}
_BOUNDARIES = ("WORKSPACE", "WORKSPACE.bazel", "WORKSPACE.bzlmod", "REPO.bazel", "MODULE.bazel.lock")
_GIT = {".gitattributes": "what git writes for a file"}
_DEFINING = ("BUILD", ".bazel", ".bzl", ".scl", ".bazelrc")
_DATA = (".in", ".json", ".lock", ".toml", ".txt")
_AIRGAP = pathlib.PurePosixPath("tools/airgap")


def verdict(change: Change, scene: Scene) -> Verdict | None:
    """Answer for Bazel's own settings, bounds and rules, and for what is no plain file."""
    path = pathlib.PurePosixPath(change.path)
    if path.name.endswith(".bazelrc"):
        return _settings(change, scene)
    if path.name in _BOUNDARIES:
        return _boundary(change, scene)
    reason = _reason(change, path, scene)
    return everything(change.path, reason) if reason else None


def _reason(change: Change, path: pathlib.PurePosixPath, scene: Scene) -> str:
    if change.special:
        return f"a {change.special} may stand for any number of files"
    if change.path in _LAUNCHER or path.name in _GIT:
        return f"{_LAUNCHER.get(change.path) or _GIT[path.name]} changed"
    return _airgap(change, path, scene) or _named(path, scene) or _read(change, scene) or _linked(change, scene)


def _airgap(change: Change, path: pathlib.PurePosixPath, scene: Scene) -> str:
    if _AIRGAP in path.parents and path.suffix != ".md" and "tests" not in path.parts:
        return "" if scene.is_rewording(change) else "the air-gapped mode's Bazel or rule sets changed"
    return ""


def _read(change: Change, scene: Scene) -> str:
    if change.path.endswith(".bzl") and scene.is_rewording(change):
        return ""
    if module_locks.owner(change.path, scene) is None:
        if change.path in module_file.read_by(scene.range.after):
            return "MODULE.bazel makes repositories with it"
        if change.path.endswith(_DATA) and module_file.is_unclear(scene.range.after("MODULE.bazel") or b""):
            return "MODULE.bazel names locks by an expression that is not understood, and this may be one"
    return ""


def _named(path: pathlib.PurePosixPath, scene: Scene) -> str:
    """Say which file gives this path to an option, or takes a repository from it."""
    for file, named in (
        (".bazelrc", starlark.named_in_options(scene.range.after(".bazelrc") or b"")),
        ("MODULE.bazel", module_file.folders(scene.range.after("MODULE.bazel") or b"")),
    ):
        if any(path.is_relative_to(one) for one in named):
            return f"{file} names it, or a folder it is in"
    return ""


def _linked(change: Change, scene: Scene) -> str:
    """Say by which link a path is more than a source."""
    try:
        aliases = scene.aliases(change.path)
    except RecursionError:
        return "a symbolic link leads to itself"
    for alias in aliases:
        if alias.endswith(_DEFINING) or module_locks.owner(alias, scene) is not None:
            return f"the symbolic link {alias} leads to it"
    return ""


def _settings(change: Change, scene: Scene) -> Verdict:
    before, after = scene.range.before(change.path) or b"", scene.range.after(change.path) or b""
    if starlark.same_options(before, after):
        return nothing(change.path, "only comments and blanks differ")
    return everything(change.path, "options of Bazel changed")


def _boundary(change: Change, scene: Scene) -> Verdict:
    if scene.is_rewording(change):
        return nothing(change.path, "only comments and format differ")
    return everything(change.path, "repositories or their bounds changed")

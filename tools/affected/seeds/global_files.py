"""Files that may affect every target, except MODULE.bazel."""

import pathlib

from tools.affected import module_file, starlark
from tools.affected.changes import Change
from tools.affected.context import AnalysisContext
from tools.affected.impact import ChangeImpact, affects_all, affects_none
from tools.affected.seeds import module_locks

_LAUNCHER = {".bazelversion": "the version of Bazel changed", "bazelw": "the launcher of Bazel changed"}
_BOUNDARIES = ("WORKSPACE", "WORKSPACE.bazel", "WORKSPACE.bzlmod", "REPO.bazel", "MODULE.bazel.lock")
_GIT = {".gitattributes": "the files that git checks out may have changed"}
_DEFINITIONS = ("BUILD", ".bazel", ".bzl", ".scl", ".bazelrc")
_DATA = (".in", ".json", ".lock", ".toml", ".txt")
_AIRGAP = pathlib.PurePosixPath("tools/airgap")


class GlobalFilesRule:
    """Applies to Bazel's options, version and boundaries, to code of module extensions, and to symbolic links."""

    name = "global_files"

    def impact(self, change: Change, context: AnalysisContext) -> ChangeImpact | None:
        """Return an impact on every target, or none if the meaning of the file is unchanged."""
        path = pathlib.PurePosixPath(change.path)
        if path.name.endswith(".bazelrc"):
            return _options_impact(change, context)
        if path.name in _BOUNDARIES:
            return _boundary_impact(change, context)
        reason = _reason(change, path, context)
        return affects_all(change.path, reason) if reason else None


def _reason(change: Change, path: pathlib.PurePosixPath, context: AnalysisContext) -> str:
    if change.special:
        return f"a {change.special} may stand for any number of files"
    if change.path in _LAUNCHER or path.name in _GIT:
        return _LAUNCHER.get(change.path) or _GIT[path.name]
    return (
        _airgap_reason(change, path, context)
        or _named_reason(path, context)
        or _module_reason(change, context)
        or _symlink_reason(change, context)
    )


def _airgap_reason(change: Change, path: pathlib.PurePosixPath, context: AnalysisContext) -> str:
    if _AIRGAP in path.parents and path.suffix != ".md" and "tests" not in path.parts:
        return "" if context.is_reformatted(change) else "the air-gapped mode's Bazel or rule sets changed"
    return ""


def _module_reason(change: Change, context: AnalysisContext) -> str:
    if change.path.endswith(".bzl") and context.is_reformatted(change):
        return ""
    if module_locks.find_tag(change.path, context) is None:
        if change.path in module_file.referenced_files(context.range.after):
            return "MODULE.bazel creates repositories from it"
        module_text = context.range.after("MODULE.bazel") or b""
        if change.path.endswith(_DATA) and module_file.has_unreadable_locks(module_text):
            return "MODULE.bazel names lock files by an expression that cannot be evaluated; this may be one of them"
    return ""


def _named_reason(path: pathlib.PurePosixPath, context: AnalysisContext) -> str:
    """Return which file names this path, or a folder above it, in an option or as a local repository."""
    for file, named in (
        (".bazelrc", starlark.paths_in_options(context.range.after(".bazelrc") or b"")),
        ("MODULE.bazel", module_file.local_paths(context.range.after("MODULE.bazel") or b"")),
    ):
        if any(path.is_relative_to(one) for one in named):
            return f"{file} names it or a folder above it"
    return ""


def _symlink_reason(change: Change, context: AnalysisContext) -> str:
    """Return which symbolic link to this path is a definition or a lock file."""
    try:
        aliases = context.aliases(change.path)
    except RecursionError:
        return "a symbolic link points to a folder that contains it"
    for alias in aliases:
        if alias.endswith(_DEFINITIONS) or module_locks.find_tag(alias, context) is not None:
            return f"the symbolic link {alias} points to it"
    return ""


def _options_impact(change: Change, context: AnalysisContext) -> ChangeImpact:
    before, after = context.range.before(change.path) or b"", context.range.after(change.path) or b""
    if starlark.same_options(before, after):
        return affects_none(change.path, "only comments or spaces changed")
    return affects_all(change.path, "options of Bazel changed")


def _boundary_impact(change: Change, context: AnalysisContext) -> ChangeImpact:
    if context.is_reformatted(change):
        return affects_none(change.path, "only comments or the format changed")
    return affects_all(change.path, "external repositories or their boundaries changed")

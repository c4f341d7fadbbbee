"""A comment for a pull request: the affected images and tests with the steps to each, then the skipped tests."""

from tools.affected.graph import Target
from tools.affected.impact import Scope
from tools.affected.result import AffectedResult
from tools.affected.skipped import seconds_of, skipped_tests

_MAX_ROWS = 20
_HEADINGS = {
    Scope.NONE: "**Nothing is affected.**",
    Scope.ALL: "**Everything is affected.**",
}


def render(result: AffectedResult, kind: str) -> str:
    """Return the comment."""
    images, tests = result.of_kind("image"), result.of_kind("test")
    heading = _HEADINGS.get(result.scope, f"**{len(result.of_kind(kind))} targets are affected.**")
    parts = [heading, _reasons(result)]
    if result.scope is Scope.SOME:
        parts.append(_paths(result, "Images", images))
        parts.append(_paths(result, "Tests", tests))
    if result.scope is not Scope.ALL:
        parts.append(_skipped(result))
    return "\n\n".join(part for part in parts if part) + "\n"


def _reasons(result: AffectedResult) -> str:
    lines = [f"| {_code(impact.path)} | {_plain(impact.reason)} |" for impact in result.impacts[:_MAX_ROWS]]
    if not lines:
        return ""
    more = len(result.impacts) - _MAX_ROWS
    lines += [f"| | and {more} more |"] if more > 0 else []
    return "\n".join(["| Changed file | Reason |", "|---|---|", *lines])


def _paths(result: AffectedResult, title: str, targets: list[Target]) -> str:
    lines = [
        f"- {_code(one.label)}: {' → '.join(map(_code, result.dependency_path(one.label)[:-1]))}" for one in targets
    ]
    if not lines:
        return f"{title}: none."
    return "\n".join([f"<details><summary>{title}: {len(lines)}</summary>", "", *lines, "", "</details>"])


def _skipped(result: AffectedResult) -> str:
    """Return the tests that are not affected, and how long they took when they last ran."""
    tests = skipped_tests(result)
    if not tests:
        return ""
    seconds = seconds_of(tests, result.bazel.workspace)
    title = f"Tests skipped: {len(tests)}" + (f", {seconds:.0f} seconds saved" if seconds >= 1 else "")
    lines = [f"- {_code(test)}" for test in tests]
    return "\n".join([f"<details><summary>{title}</summary>", "", *lines, "", "</details>"])


def _code(text: str) -> str:
    """Format a name as code; a backtick or a bar in it cannot end the code span or the cell."""
    return "`" + _plain(text).replace("`", "'") + "`"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

"""A comment for a pull request: images first, each with the way by which it is touched, then what is spared."""

from tools.affected.answer import Answer
from tools.affected.graph import Target
from tools.affected.skipped import seconds_of, skipped_tests
from tools.affected.verdict import Scope

_SHOWN = 20
_HEADINGS = {
    Scope.NONE: "**Nothing is affected.**",
    Scope.ALL: "**Everything is affected.**",
}


def render(answer: Answer, kind: str) -> str:
    """Return the comment."""
    images, tests = answer.of_kind("image"), answer.of_kind("test")
    heading = _HEADINGS.get(answer.scope, f"**{len(answer.of_kind(kind))} targets are affected.**")
    parts = [heading, _reasons(answer)]
    if answer.scope is Scope.SOME:
        parts.append(_ways(answer, "Images", images))
        parts.append(_ways(answer, "Tests", tests))
    if answer.scope is not Scope.ALL:
        parts.append(_spared(answer))
    return "\n\n".join(part for part in parts if part) + "\n"


def _reasons(answer: Answer) -> str:
    lines = [f"| {_code(verdict.path)} | {_plain(verdict.reason)} |" for verdict in answer.verdicts[:_SHOWN]]
    if not lines:
        return ""
    more = len(answer.verdicts) - _SHOWN
    lines += [f"| | and {more} more |"] if more > 0 else []
    return "\n".join(["| Changed | Meaning |", "|---|---|", *lines])


def _ways(answer: Answer, title: str, targets: list[Target]) -> str:
    lines = [f"- {_code(one.label)}: {' → '.join(map(_code, answer.chain(one.label)[:-1]))}" for one in targets]
    if not lines:
        return f"{title}: none."
    return "\n".join([f"<details><summary>{title}: {len(lines)}</summary>", "", *lines, "", "</details>"])


def _spared(answer: Answer) -> str:
    """Say which tests need not run, and how long they took where they ran last."""
    tests = skipped_tests(answer)
    if not tests:
        return ""
    seconds = seconds_of(tests, answer.bazel.workspace)
    title = f"Tests skipped: {len(tests)}" + (f", {seconds:.0f} seconds saved" if seconds >= 1 else "")
    lines = [f"- {_code(test)}" for test in tests]
    return "\n".join([f"<details><summary>{title}</summary>", "", *lines, "", "</details>"])


def _code(text: str) -> str:
    """Quote a name; one that holds a backtick or a bar cannot end the quotation or the cell."""
    return "`" + _plain(text).replace("`", "'") + "`"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

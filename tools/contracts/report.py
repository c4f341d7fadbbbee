"""Print findings as a table."""

from collections.abc import Sequence
from itertools import groupby

from tools.contracts.checks import Finding
from tools.contracts.declarations import Assessment

_SHOWN_OPERATIONS = 3


def lines_of(service: str, assessment: Assessment) -> list[str]:
    """Return a title, a line for each finding and what to do."""
    count = len(assessment.breaking)
    title = (
        "compatible"
        if not count
        else f"{count} breaking, declared"
        if not assessment.objection
        else f"{count} breaking"
    )
    lines = [f"{service}: {title}", *table(assessment.findings)]
    lines += [f"  declared {reason}" for reason in assessment.reasons]
    if assessment.objection:
        lines.append(f"  not declared: keep the old form too, or {assessment.objection}")
    return lines


def table(findings: Sequence[Finding]) -> list[str]:
    """Return two lines for each finding, the breaking ones first; operations that share a schema are in one."""
    rows: list[str] = []
    for (is_compatible, check, pointer, detail), group in groupby(sorted(findings, key=_key), key=_key):
        names = list(dict.fromkeys(each.operation for each in group if each.operation))
        more = f" and {len(names) - _SHOWN_OPERATIONS} more" if len(names) > _SHOWN_OPERATIONS else ""
        operations = ", ".join(names[:_SHOWN_OPERATIONS]) + more or "document"
        level = "compatible" if is_compatible else "BREAKING"
        rows += [f"  {level:<10} {check:<48} {operations}", f"  {'':<10} {detail} at {pointer}"]
    return rows


def _key(finding: Finding) -> tuple[bool, str, str, str]:
    return not finding.is_breaking, finding.check, finding.pointer, finding.detail

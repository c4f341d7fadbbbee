"""Asks `uv audit` for the known vulnerabilities of locked distributions."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.requirements.comparison import table as columns
from tools.requirements.lockfile import Pin
from tools.requirements.uv_program import reason, run_uv

_PROJECT = """\
[project]
name = "locked-requirements"
version = "0"
requires-python = "==3.11.*"
dependencies = {dependencies}
"""
_AUDIT = ("audit", "--no-build", "--preview-features=audit-command,json-output", "--output-format=json")
_EXIT_CODES_WITH_REPORT = (0, 1)
_COLUMNS = ("package", "version", "advisory", "fixed in", "what")


class AuditError(Exception):
    """uv gave no report, for example because a server cannot be reached; the message is one sentence."""


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """One advisory for a locked distribution, or a project that its index calls archived or quarantined."""

    package: str
    version: str
    advisory: str
    fixed_in: str
    summary: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """The packages that an audit checked, and its findings."""

    audited: int
    findings: Sequence[Finding]


def audit(
    pins: Iterable[Pin], *, folder: Path, python: Path, service: str | None, environment: Mapping[str, str]
) -> Report:
    """Look all pins up in the vulnerability service, OSV's unless `service` names another.

    uv audits projects, so `folder` is filled with one that depends on exactly these pins.

    Raises:
        AuditError: with uv's reason.
    """
    dependencies = json.dumps([str(pin.requirement) for pin in pins], indent=4)
    (folder / "pyproject.toml").write_text(_PROJECT.format(dependencies=dependencies), encoding="utf-8")
    options = [f"--service-url={service}"] if service else []
    # `uv audit` has no option for the interpreter: it takes the one that it finds on PATH. It refuses that of a virtual
    # environment, in which rules_python starts programs, so the link is resolved.
    result = run_uv(
        [*_AUDIT, *options], folder=folder, environment=environment, extra={"PATH": str(python.resolve().parent)}
    )
    if result.returncode not in _EXIT_CODES_WITH_REPORT:
        raise AuditError(reason(result.stderr))
    return _report(json.loads(result.stdout))


def table(findings: Sequence[Finding]) -> str:
    """Lay findings out in columns, a line each."""
    return columns(_COLUMNS, [dataclasses.astuple(finding) for finding in findings])


def _report(document: Mapping[str, Any]) -> Report:
    found = [_of_vulnerability(each) for each in document["vulnerabilities"]]
    found += [_of_status(each) for each in document["adverse_statuses"]]
    return Report(audited=document["summary"]["audited_packages"], findings=sorted(found))


def _of_vulnerability(entry: Mapping[str, Any]) -> Finding:
    names = [entry["id"], *entry["aliases"]]
    return Finding(
        package=entry["dependency"]["name"],
        version=entry["dependency"]["version"],
        advisory=next((name for name in names if name.startswith("CVE-")), entry["id"]),
        fixed_in=", ".join(entry["fix_versions"]) or "none",
        summary=" ".join([entry["summary"] or "", entry["link"] or ""]).strip(),
    )


def _of_status(entry: Mapping[str, Any]) -> Finding:
    return Finding(
        package=entry["name"],
        version="all",
        advisory=f"project is {entry['status']}",
        fixed_in="none",
        summary=entry["reason"] or "",
    )

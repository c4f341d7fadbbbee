"""Declared breaks: `services/<name>/contract_changes.toml` gives the reason of each major version of a contract."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.contracts.checks import Finding
from tools.contracts.documents import Document
from tools.contracts.errors import ContractError

FILE = "contract_changes.toml"
"""Name of the file, beside the contract."""

_VERSION = re.compile(r"([1-9]\d*)\.0\.0")


@dataclass(frozen=True)
class Assessment:
    """Whether a contract may replace another one.

    Attributes:
        findings: all differences.
        reasons: why it breaks clients, for each major version in between that declares it.
        objection: how to declare the breaking changes; empty if they are declared or there are none.
    """

    findings: Sequence[Finding]
    reasons: Sequence[str]
    objection: str

    @property
    def breaking(self) -> list[Finding]:
        """The differences that can break a client."""
        return [each for each in self.findings if each.is_breaking]


def read_reasons(folder: Path, *, shown: str) -> dict[int, str]:
    """Return the reason of each major version; raises ContractError for a file that is not valid."""
    try:
        content = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ContractError(f"{shown}/{FILE}: is not TOML: {error}") from error
    reasons: dict[int, str] = {}
    for version, reason in content.items():
        found = _VERSION.fullmatch(version)
        if not found or not isinstance(reason, str) or not reason.strip():
            raise ContractError(
                f'{shown}/{FILE}: {version}: expected lines such as "2.0.0" = "why clients must change"'
            )
        reasons[int(found[1])] = " ".join(reason.split())
    return reasons


def assess(old: Document, new: Document, findings: Sequence[Finding], reasons: Mapping[int, str]) -> Assessment:
    """Return whether the breaking changes are declared: a higher major version, with a reason for each step."""
    if not any(each.is_breaking for each in findings):
        return Assessment(findings, (), "")
    before, after = old.version[0], new.version[0]
    steps = range(before + 1, after + 1)
    missing = [major for major in steps if major not in reasons]
    declared = [f"{major}.0.0: {reasons[major]}" for major in steps if major in reasons]
    if not steps:
        wanted = f"raise info.version to {before + 1}.0.0"
        return Assessment(findings, declared, f'{wanted} and add "{before + 1}.0.0" = "<reason>" to {FILE}')
    if missing:
        return Assessment(findings, declared, f'add "{missing[0]}.0.0" = "<reason>" to {FILE}')
    return Assessment(findings, declared, "")

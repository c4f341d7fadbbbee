"""Compare new contracts with the recorded ones, and name the consumers that break."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.contracts.compare import compare
from tools.contracts.declarations import Assessment, assess, read_reasons
from tools.contracts.documents import parse
from tools.contracts.report import table
from tools.deploy.errors import BadFileError, ContractBreakError
from tools.deploy.records import Folder


@dataclass(frozen=True, kw_only=True)
class Consumers:
    """The services that call each service, from the graph of the build."""

    by_service: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, path: Path | None) -> "Consumers":
        """Read the file that //services:consumers makes; without one there are none."""
        if path is None:
            return cls(by_service={})
        try:
            return cls(by_service=json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise BadFileError(str(path), "not JSON") from error

    def shown(self, service: str, folder: Folder) -> str:
        """Return the consumers of a service that are deployed in an environment, for a sentence."""
        deployed = [name for name in self.by_service.get(service, ()) if name in folder.records()]
        return ", ".join(deployed) or "clients outside of this repository"


@dataclass(frozen=True, kw_only=True)
class ContractChanges:
    """The contracts of services that would take the place of the recorded ones of an environment."""

    folder: Folder
    contracts: Mapping[str, str]
    consumers: Consumers

    def notes(self) -> list[str]:
        """Return what a plan says of contracts; raises BadFileError and ContractError."""
        lines = [
            f"{service}: no contract recorded in {self.folder.name}"
            for service, record in self.folder.records().items()
            if record.contract is None
        ]
        for service, assessment in self._assessments().items():
            lines += [self._sentence(service, assessment), *table(assessment.breaking)]
        return lines

    def check(self) -> None:
        """Raise ContractBreakError for a break that is not declared."""
        for service, assessment in self._assessments().items():
            if assessment.objection:
                raise ContractBreakError(self._sentence(service, assessment))

    def _sentence(self, service: str, assessment: Assessment) -> str:
        checks = ", ".join(dict.fromkeys(each.check for each in assessment.breaking))
        said = assessment.objection or "; ".join(assessment.reasons)
        kind = "not declared" if assessment.objection else "declared"
        return (
            f"{service} breaks {self.consumers.shown(service, self.folder)} in {self.folder.name} "
            f"({checks}), {kind}: {said}"
        )

    def _assessments(self) -> dict[str, Assessment]:
        """Return the assessment of each service whose recorded contract would break."""
        breaks = {}
        for service, old in self.folder.contracts().items():
            new = self.contracts.get(service)
            if new is not None and new != old:
                assessment = self._assess(service, old, new)
                if assessment.breaking:
                    breaks[service] = assessment
        return breaks

    def _assess(self, service: str, old: str, new: str) -> Assessment:
        before = parse(old.encode(), name=self.folder.shown(f"{service}.openapi.json"))
        after = parse(new.encode(), name=f"the new contract of {service}")
        shown = f"services/{service}"
        reasons = read_reasons(self.folder.path.parents[1] / shown, shown=shown)
        return assess(before, after, compare(before, after), reasons)

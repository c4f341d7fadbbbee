"""The interface of seed rules."""

from typing import Protocol

from tools.affected.changes import Change
from tools.affected.context import AnalysisContext
from tools.affected.impact import ChangeImpact


class SeedRule(Protocol):
    """Finds the seeds of one kind of changed file."""

    @property
    def name(self) -> str:
        """The name of the rule, by which the audit disables it."""

    def impact(self, change: Change, context: AnalysisContext) -> ChangeImpact | None:
        """Return the impact of a changed path, or None if the rule does not apply to it.

        Each seed is `//package:target`, `@repository//package:target`, `@repository//package:all` or
        `@repository//...`; other forms are rejected with MalformedSeedError.
        """

"""All other files: a target may reference them as source files."""

from tools.affected.changes import Change
from tools.affected.context import AnalysisContext
from tools.affected.impact import ChangeImpact, affects_none

UNUSED_FILE = "is used by no target"
"""The reason for a file in a package, unless the query finds a target that references the file."""


class SourcesRule:
    """Applies to every path; a query shows later whether a target references it."""

    name = "sources"

    def impact(self, change: Change, context: AnalysisContext) -> ChangeImpact:
        """Return an impact without seeds: the labels of the file are added for every path."""
        if context.package_of(change.path) is None:
            return affects_none(change.path, "is in no package")
        return affects_none(change.path, UNUSED_FILE)

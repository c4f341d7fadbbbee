"""Seed rules: from a changed path to the targets that it defines, one module for each kind of file."""

from collections.abc import Sequence

from tools.affected.changes import Change
from tools.affected.context import AnalysisContext
from tools.affected.impact import ChangeImpact
from tools.affected.seeds.definitions import DefinitionsRule
from tools.affected.seeds.forms import check_seeds
from tools.affected.seeds.global_files import GlobalFilesRule
from tools.affected.seeds.module_locks import ModuleLocksRule
from tools.affected.seeds.modules import ModulesRule
from tools.affected.seeds.rule import SeedRule
from tools.affected.seeds.sources import UNUSED_FILE, SourcesRule

__all__ = ["RULES", "UNUSED_FILE", "impact"]

RULES: tuple[SeedRule, ...] = (ModulesRule(), GlobalFilesRule(), ModuleLocksRule(), DefinitionsRule())
"""The rules in the order in which they are tried; the first that applies to a path is used, else `SourcesRule`."""

_FALLBACK = SourcesRule()


def impact(change: Change, context: AnalysisContext, rules: Sequence[SeedRule] = RULES) -> ChangeImpact:
    """Return the impact of a changed path by the first rule that applies to it.

    Raises:
        MalformedSeedError: The rule returned a seed that finds no targets.
    """
    for rule in rules:
        found = rule.impact(change, context)
        if found is not None:
            check_seeds(rule.name, found, context)
            return found
    return _FALLBACK.impact(change, context)

"""The forms of seeds. A seed in another form finds no targets, so that affected targets would be missed."""

import re

from tools.affected.context import AnalysisContext
from tools.affected.errors import MalformedSeedError
from tools.affected.impact import ChangeImpact

_OWN = re.compile(r"//(?P<package>[^:@]*):(?P<name>[^:]+)")
_EXTERNAL = re.compile(r"@[\w.+~-]+//(\.\.\.|(?P<package>[^:@]*):(?P<name>[^:]+))")
_WILDCARDS = frozenset({"*", "all", "all-targets"})


def check_seeds(rule: str, impact: ChangeImpact, context: AnalysisContext) -> None:
    """Check the seeds that a rule returned.

    Raises:
        MalformedSeedError: A seed has none of the forms.
    """
    for seed in impact.seeds:
        if not _is_seed(seed, context):
            raise MalformedSeedError(rule, seed)


def _is_seed(seed: str, context: AnalysisContext) -> bool:
    found = _OWN.fullmatch(seed) or _EXTERNAL.fullmatch(seed)
    if found is None or "..." in (found["package"] or "").split("/"):
        return False
    if found["name"] not in _WILDCARDS:
        return True
    # A target may have the name of a wildcard.
    return found["name"] == "all" if seed.startswith("@") else seed in context.snapshots.head_graph

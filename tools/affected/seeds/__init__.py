"""From a changed path to the targets it defines, one module for each kind of file."""

from types import ModuleType

from tools.affected.changes import Change
from tools.affected.scene import Scene
from tools.affected.seeds import definitions, everything, module_locks, modules, sources
from tools.affected.verdict import Verdict

BEFORE_SOURCES: tuple[ModuleType, ...] = (modules, everything, module_locks, definitions)
"""Who is asked, in this order; the first that knows the path answers, else it is a plain source."""


def verdict(change: Change, scene: Scene) -> Verdict:
    """Say what a changed path means."""
    for module in BEFORE_SOURCES:
        answer: Verdict | None = module.verdict(change, scene)
        if answer is not None:
            return answer
    return sources.verdict(change, scene)

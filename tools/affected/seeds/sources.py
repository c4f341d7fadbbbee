"""Everything else: a file that some target may own."""

from tools.affected.changes import Change
from tools.affected.scene import Scene
from tools.affected.verdict import Verdict, nothing


def verdict(change: Change, scene: Scene) -> Verdict:
    """Answer for a plain file; whether a target owns it, the graph says."""
    if scene.package_of(change.path) is None:
        return nothing(change.path, "lies in no package")
    return nothing(change.path, "belongs to no target")

"""Resolved modules."""

from tools.affected import modules
from tools.affected.modules import ResolvedModules


def test_versions_that_differ() -> None:
    """Each module that was bumped, added or removed has a phrase."""
    before = ResolvedModules(versions={"a": "1", "b": "1", "c": "1"}, graph="x")
    after = ResolvedModules(versions={"a": "1", "b": "2", "d": "1"}, graph="y")
    assert after.changes_since(before) == {"b": "b 1 -> 2", "c": "c 1 removed", "d": "d 1 added"}
    assert modules.load(modules.dump(before)) == before

"""What modules resolve to."""

from tools.affected import modules
from tools.affected.modules import Modules


def test_versions_that_differ() -> None:
    """Each module that is another, came or went is told in a phrase."""
    before = Modules(versions={"a": "1", "b": "1", "c": "1"}, graph="x")
    after = Modules(versions={"a": "1", "b": "2", "d": "1"}, graph="y")
    assert after.differing(before) == {"b": "b 1 -> 2", "c": "c 1 is gone", "d": "d 1 is new"}
    assert modules.load(modules.dump(before)) == before

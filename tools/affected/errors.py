"""Errors that the user can fix."""

import re

_REASON = re.compile("Error(?: in [a-z_.]+)?: (.*)|ERROR: (?!Traceback)(.*)")


class AffectedError(Exception):
    """The affected targets cannot be determined; the message is one sentence that says what to do."""


class BadRevisionError(AffectedError):
    """A revision is not in this clone."""


class MalformedSeedError(AffectedError):
    """A seed rule returned a seed that finds no targets; this is an error in the rule."""

    def __init__(self, rule: str, seed: str) -> None:
        super().__init__(
            f"the seed rule {rule} returned {seed!r}, which is no seed: expected //package:target, "
            "@repository//package:target, @repository//package:all or @repository//..., or else affects_all"
        )
        self.rule = rule
        self.seed = seed


class BazelFailedError(AffectedError):
    """A command of Bazel failed.

    Attributes:
        output: What Bazel wrote to stderr.
    """

    def __init__(self, output: str) -> None:
        self.output = output
        # The message of fail() is below the traceback.
        reasons = [found[1] or found[2] for line in output.splitlines() if (found := _REASON.match(line.strip()))]
        super().__init__(reasons[0] if reasons else output.strip()[-300:])

"""What the person at the keyboard can mend."""

import re

_REASON = re.compile("Error(?: in [a-z_.]+)?: (.*)|ERROR: (?!Traceback)(.*)")


class AffectedError(Exception):
    """The question cannot be answered; the message is one sentence that says what to do."""


class BadRevisionError(AffectedError):
    """A revision is not in this clone."""


class BazelFailedError(AffectedError):
    """Bazel refused a query.

    Attributes:
        output: what it said.
    """

    def __init__(self, output: str) -> None:
        self.output = output
        # What Starlark says stands below its traceback.
        reasons = [found[1] or found[2] for line in output.splitlines() if (found := _REASON.match(line.strip()))]
        super().__init__(reasons[0] if reasons else output.strip()[-300:])

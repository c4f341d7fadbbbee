"""What the person at the keyboard can mend."""


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
        errors = [line for line in output.splitlines() if line.startswith("ERROR")]
        super().__init__(errors[0] if errors else output.strip()[-300:])

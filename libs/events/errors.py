"""Errors of events."""

from enum import StrEnum


class EventError(Exception):
    """Base of this library's errors."""


class EventTooLarge(EventError):
    """An event is larger than a message of NATS may be."""

    def __init__(self, kind: str, size: int, limit: int) -> None:
        super().__init__(f"the event {kind} has {size} bytes; at most {limit} are allowed")
        self.size = size


class LeaseLost(EventError):
    """Another process holds the lease, or this one did not renew it in time."""


class EventsNotConfigured(EventError):
    """A command needs the broker, and the setting EVENTS_URL is empty."""

    def __init__(self) -> None:
        super().__init__("EVENTS_URL is empty: set it to the address of NATS")


class BrokerUnavailable(EventError):
    """NATS does not answer, or rejects the credentials, or has no such stream."""


class MissingStream(BrokerUnavailable):
    """NATS has no such stream, or the stream has no such consumer."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; `bazel run //tools/events:reconcile -- --url URL` creates what is missing")


class UnknownDeadLetter(EventError):
    """The stream of dead letters has no message with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no dead letter {number}; `dead-letters` prints their numbers")
        self.number = number


class Reason(StrEnum):
    """Why a message is a dead letter."""

    FAILED = "failed"
    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown-type"
    NEWER_VERSION = "newer-version"
    UNACKNOWLEDGED = "unacknowledged"


class Rejected(EventError):
    """A message cannot be applied."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class RetryFailed(EventError):
    """A dead letter could not be applied by the command either, and is kept."""

    def __init__(self, number: int, error: Exception) -> None:
        super().__init__(f"dead letter {number} failed again: {type(error).__name__}: {error}")
        self.number = number


class BadOperand(EventError):
    """An operand of a command is not what the command expects."""

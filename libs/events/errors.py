"""Errors of events."""


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


class UnknownDeadLetter(EventError):
    """The stream of dead letters has no message with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no dead letter {number}; `dead-letters-list` prints their numbers")
        self.number = number

"""Names at the broker: subjects, streams, consumers and inboxes of a service.

The stream of the events of `shop` is `EVENTS_shop`. A service that consumes from it has a durable consumer there with
its own name. Its dead letters are in `DEAD_LETTERS_<service>`.
"""

ADMINISTRATOR = "administrator"
"""The user that manages streams and consumers. It cannot publish events."""

EVENT_STREAM_PREFIX = "EVENTS_"
DEAD_LETTER_STREAM_PREFIX = "DEAD_LETTERS_"


def event_stream(owner: str) -> str:
    """Return the name of the stream of the events of a service."""
    return f"{EVENT_STREAM_PREFIX}{owner}"


def event_subjects(owner: str) -> str:
    """Return the pattern of the subjects of the events of a service."""
    return f"events.{owner}.>"


def durable_name(consumer: str) -> str:
    """Return the name of the durable consumer of a service, in the stream of each owner that it consumes from."""
    return consumer


def dead_letter_stream(consumer: str) -> str:
    """Return the name of the stream of the messages that a service could not consume."""
    return f"{DEAD_LETTER_STREAM_PREFIX}{consumer}"


def dead_letter_subjects(consumer: str) -> str:
    """Return the pattern of the subjects of these messages: before `>` comes what they were published on."""
    return f"dead_letters.{consumer}.>"


def stream_of(subject: str) -> str:
    """Return the name of the stream that stores a subject of events or of dead letters."""
    kind, service, _ = subject.split(".", 2)
    return event_stream(service) if kind == "events" else dead_letter_stream(service)


def inbox_prefix(user: str) -> str:
    """Return the prefix of the inboxes of a user, which no other user may subscribe to."""
    return f"_INBOX_{user}"

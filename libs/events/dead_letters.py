"""Dead letters: messages that a consumer cannot apply, kept in a stream until an operator decides.

A message of an unknown type or a newer version is parked there: retry it after the consumer was updated.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from libs.events.broker.names import dead_letter_stream
from libs.events.connection import NO_STREAM, NatsConnection, describe
from libs.events.errors import BrokerUnavailable, MissingStream, Reason, UnknownDeadLetter
from libs.events.relay import Publisher

_SUBJECT = "Events-Subject"
_REASON = "Events-Reason"
_DETAIL = "Events-Detail"
_FAILED_AT = "Events-Failed-At"
_ID = "Nats-Msg-Id"
_MAX_DETAIL = 500
_PREFIX = "dead_letters"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in the stream of dead letters.

    Attributes:
        number: its sequence number there.
        subject: NATS subject of the event.
        reason: a `Reason`.
        detail: the error, in one line.
        failed_at: when it was moved, in ISO 8601.
        payload: the event as it came.
    """

    number: int
    subject: str
    reason: str
    detail: str
    failed_at: str
    payload: bytes


async def move(publisher: Publisher, message: Msg, *, service: str, reason: Reason, detail: str, now: datetime) -> None:
    """Store a message as a dead letter of a service.

    Raises:
        BrokerUnavailable: it was not stored; the message must not be acknowledged.
    """
    original_id = (message.headers or {}).get(_ID) or f"{message.metadata.stream}:{message.metadata.sequence.stream}"
    headers = {
        _ID: f"{service}:{message.metadata.sequence.stream}:{original_id}",
        _SUBJECT: message.subject,
        _REASON: reason,
        _DETAIL: _one_line(detail),
        _FAILED_AT: now.isoformat(),
    }
    await publisher.publish(f"{_PREFIX}.{service}.{message.subject}", message.data, headers)


class DeadLetters:
    """The dead letters of one service."""

    def __init__(self, connection: NatsConnection, service: str) -> None:
        self._stream = dead_letter_stream(service)
        self._jetstream = connection.jetstream

    async def all(self) -> AsyncIterator[DeadLetter]:
        """Return every dead letter, the oldest first.

        Raises:
            BrokerUnavailable: NATS does not answer, or has no such stream, or does not permit it.
        """
        number = 1
        while True:
            try:
                # With `next`, the first message from this number on.
                found = await self._jetstream.get_msg(self._stream, seq=number, subject=f"{_PREFIX}.>", next=True)
            except NotFoundError as error:
                if error.err_code == NO_STREAM:
                    raise MissingStream(f"the stream {self._stream} is missing") from error
                if error.err_code != _NO_MESSAGE:
                    raise BrokerUnavailable(describe(error)) from error
                return
            except (NatsError, OSError, TimeoutError) as error:
                raise BrokerUnavailable(describe(error)) from error
            letter = _parsed(found)
            yield letter
            number = letter.number + 1

    async def get(self, number: int) -> DeadLetter:
        """Return one dead letter.

        Raises:
            UnknownDeadLetter: there is none with this number.
            BrokerUnavailable: see `all`.
        """
        try:
            return _parsed(await self._jetstream.get_msg(self._stream, seq=number))
        except NotFoundError as error:
            raise UnknownDeadLetter(number) from error
        except (NatsError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(describe(error)) from error

    async def drop(self, number: int) -> None:
        """Delete a dead letter.

        Raises:
            UnknownDeadLetter: there is none with this number.
            BrokerUnavailable: see `all`.
        """
        await self.get(number)
        try:
            await self._jetstream.delete_msg(self._stream, number)
        except (NatsError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(describe(error)) from error


_NO_MESSAGE = 10037
"""Error code of JetStream: no message found."""


def _parsed(found: RawStreamMsg) -> DeadLetter:
    headers: Mapping[str, str] = found.headers or {}
    return DeadLetter(
        number=found.seq or 0,
        subject=headers.get(_SUBJECT, ""),
        reason=headers.get(_REASON, ""),
        detail=headers.get(_DETAIL, ""),
        failed_at=headers.get(_FAILED_AT, ""),
        payload=found.data or b"",
    )


def _one_line(text: str) -> str:
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()[:_MAX_DETAIL]

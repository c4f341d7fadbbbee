"""The connection to NATS, which reconnects automatically while it is open."""

import asyncio
import logging
import ssl
from collections.abc import Mapping

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.errors import NoStreamResponseError, NotFoundError

from libs.events.broker.names import inbox_prefix, stream_of
from libs.events.errors import BrokerUnavailable, MissingStream
from libs.events.settings import EventSettings

ACK_SECONDS = 5.0
"""Longest wait for an answer of JetStream."""

NO_STREAM = 10059
"""`err_code` of JetStream when a stream does not exist."""

_CLOSE_SECONDS = 2.0
_RECONNECT_SECONDS = 1
_log = logging.getLogger(__name__)


class NatsConnection:
    """A connection of one process, and what this library does with it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.jetstream: JetStreamContext = client.jetstream(timeout=ACK_SECONDS)

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None:
        """Publish a message and return when JetStream has stored it.

        Raises:
            BrokerUnavailable: there was no acknowledgement; the message may be stored nevertheless.
            MissingStream: no stream stores the subject.
        """
        try:
            await self.jetstream.publish(subject, payload, timeout=ACK_SECONDS, headers=dict(headers))
        except NoStreamResponseError as error:
            raise MissingStream(f"the stream {stream_of(subject)} is missing or has no leader") from error
        except (NatsError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(f"no acknowledgement for {subject}: {describe(error)}") from error

    async def check_consumer(self, stream: str, consumer: str) -> None:
        """Check that a stream has a consumer.

        Raises:
            MissingStream: the stream or the consumer does not exist.
            NatsError, OSError, TimeoutError: NATS does not answer.
        """
        try:
            await self.jetstream.consumer_info(stream, consumer)
        except NotFoundError as error:
            missing = "" if error.err_code == NO_STREAM else f"the consumer {consumer} of "
            raise MissingStream(f"{missing}the stream {stream} is missing") from error

    async def close(self) -> None:
        """Flush the buffer and close the connection, within 2 seconds."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                if self._client.is_connected:
                    await self._client.flush(timeout=1)
                await self._client.close()
        except (NatsError, OSError, TimeoutError) as error:
            _log.warning("NATS was not closed in order: %s", describe(error))


async def connect(settings: EventSettings, *, service: str) -> NatsConnection:
    """Connect to NATS as a service, and try for as long as it takes.

    Args:
        settings: where NATS is.
        service: name of the service. Answers arrive at `_INBOX_<service>`, so that no other service can read them.
    """
    return NatsConnection(await _connect(settings, service=service, attempts=-1))


async def connect_once(settings: EventSettings, *, service: str) -> NatsConnection:
    """Connect to NATS for a command.

    Raises:
        BrokerUnavailable: NATS does not answer or rejects the credentials.
    """
    try:
        return NatsConnection(await _connect(settings, service=service, attempts=1))
    except (NatsError, OSError, TimeoutError) as error:
        raise BrokerUnavailable(f"NATS does not answer: {describe(error)}") from error


def describe(error: BaseException) -> str:
    """Return a text that is never empty."""
    if isinstance(error, MissingStream):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _connect(settings: EventSettings, *, service: str, attempts: int) -> Client:
    client = Client()
    password, reports = settings.events_password, _Reports(client)
    await client.connect(
        servers=settings.events_url.split(","),
        name=service,
        user=settings.events_user or None,
        password=password.get_secret_value() if password else None,
        tls=_tls(settings),
        inbox_prefix=inbox_prefix(service),
        allow_reconnect=attempts < 0,
        max_reconnect_attempts=attempts,
        reconnect_time_wait=_RECONNECT_SECONDS,
        # Without a connection a publication fails at once; the outbox keeps the event.
        pending_size=0,
        error_cb=reports.error,
        disconnected_cb=reports.disconnected,
        reconnected_cb=reports.connected,
    )
    return client


def _tls(settings: EventSettings) -> ssl.SSLContext | None:
    if not settings.events_url.startswith("tls://") and settings.events_ca_file is None:
        return None
    return ssl.create_default_context(cafile=settings.events_ca_file)


class _Reports:
    """Logs the state of a connection, and each error once until it is connected again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._logged: set[str] = set()

    async def error(self, error: Exception) -> None:
        text = describe(error)
        if text not in self._logged:
            self._logged.add(text)
            _log.warning("NATS: %s", text)

    async def disconnected(self) -> None:
        if not self._client.is_closed:
            _log.warning("NATS: disconnected")

    async def connected(self) -> None:
        self._logged.clear()
        _log.info("NATS: connected again")

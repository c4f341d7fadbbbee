"""The end of a client is noticed while a handler runs, and the handler still gets every message."""

import asyncio
from collections.abc import Sequence

from starlette.types import Message

from libs.web.disconnect import DisconnectWatch

EMPTY = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


class Client:
    """Sends messages as a server passes them on, then waits until it leaves."""

    def __init__(self, *messages: Message) -> None:
        self.leaves = asyncio.Event()
        self._messages = list(messages)

    async def receive(self) -> Message:
        """ASGI's `receive`."""
        if self._messages:
            return self._messages.pop(0)
        await self.leaves.wait()
        return GONE


def watch(client: Client, headers: Sequence[tuple[bytes, bytes]] = ()) -> tuple[DisconnectWatch, asyncio.Event]:
    """Return a watch, and the event that its callback sets."""
    return DisconnectWatch(client.receive, headers), asyncio.Event()


async def test_the_callback_is_called_when_the_client_leaves() -> None:
    """The callback is called at the disconnection, not before; the application gets all messages."""
    client = Client(EMPTY)
    watched, called = watch(client)
    watched.add(called.set)
    await asyncio.sleep(0.01)
    assert not called.is_set()
    assert await watched.receive() == EMPTY
    client.leaves.set()
    assert await asyncio.wait_for(watched.receive(), 5) == GONE
    assert called.is_set()


async def test_a_callback_after_the_end_is_called_at_once() -> None:
    """A callback that is registered after the disconnection is called at once."""
    client = Client(EMPTY)
    client.leaves.set()
    watched, called = watch(client)
    watched.add(lambda: None)
    await asyncio.sleep(0.01)
    watched.add(called.set)
    assert called.is_set()


async def test_a_removed_callback_is_not_called() -> None:
    """A callback that was removed, because its call is over, is not called."""
    client = Client(EMPTY)
    watched, called = watch(client)
    watched.add(called.set)
    watched.discard(called.set)
    client.leaves.set()
    await asyncio.sleep(0.01)
    assert not called.is_set()


async def test_no_message_of_a_body_is_taken_from_the_application() -> None:
    """The watch begins after the body, so it takes no message of it."""
    parts = [{"type": "http.request", "body": part, "more_body": part == b"a"} for part in (b"a", b"b")]
    client = Client(*parts)
    watched, called = watch(client, [(b"content-length", b"2")])
    watched.add(called.set)
    assert [await watched.receive(), await watched.receive()] == parts
    watched.add(called.set)
    client.leaves.set()
    await asyncio.wait_for(called.wait(), 5)


async def test_cancelling_a_receiver_does_not_end_the_watch() -> None:
    """The watch continues when the receiver is cancelled, as by `Request.is_disconnected`."""
    client = Client(EMPTY)
    watched, called = watch(client)
    watched.add(called.set)
    assert await watched.receive() == EMPTY
    receiver = asyncio.create_task(watched.receive())
    await asyncio.sleep(0.01)
    receiver.cancel()
    client.leaves.set()
    await asyncio.wait_for(called.wait(), 5)

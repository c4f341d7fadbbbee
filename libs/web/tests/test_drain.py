"""A real process, real sockets and real signals: nothing that a client sent is lost."""

import contextlib
import errno
import select
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn

from libs.web.drain import DrainingServer
from libs.web.lifecycle import Lifecycle
from libs.web.tests.draining import Application
from libs.web.tests.processes import draining
from libs.web.tests.serving import GET, Client, gate

SLOW = GET.replace(b"/ ", b"/slow ", 1)
READY = GET.replace(b"/ ", b"/readyz ", 1)


@dataclass(slots=True)
class Crowd:
    """Clients that ask again and again, until they cannot connect or see that they should not.

    A polite one goes elsewhere once it was told `Connection: close`; a stubborn one connects again
    until it is refused. A request is lost if it was sent but not answered.
    """

    address: tuple[str, int]
    stubborn: bool
    answered: Counter[int] = field(default_factory=Counter)
    lost: list[Exception] = field(default_factory=list)

    def run(self) -> None:
        """Be one of them."""
        while (client := self._connect()) is not None:
            try:
                told_to_leave = self._converse(client)
            except (OSError, IndexError, ValueError) as error:
                self.lost.append(error)
                return
            finally:
                client.close()
            if told_to_leave and not self.stubborn:
                return

    def _connect(self) -> Client | None:
        try:
            return Client(self.address)
        except ConnectionRefusedError:
            return None

    def _converse(self, client: Client) -> bool:
        while True:
            answer = client.ask(GET)
            self.answered[answer.status] += 1
            if answer.headers.get("connection") == "close":
                return True


@contextlib.contextmanager
def crowd(address: tuple[str, int], *, stubborn: bool, count: int = 32) -> Iterator[Crowd]:
    """Let clients ask at the same time; at the end all of them have stopped."""
    people = Crowd(address, stubborn)
    threads = [threading.Thread(target=people.run) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield people
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


@pytest.mark.parametrize("stubborn", [False, True], ids=["polite", "stubborn"])
def test_nothing_is_lost_under_load(stubborn: bool) -> None:  # noqa: FBT001
    """With 32 clients at work a stop loses none of their requests, and ends with success."""
    with draining(grace=0.3) as served:
        with crowd(served.address, stubborn=stubborn) as people:
            while people.answered[200] <= 300:
                time.sleep(0.01)
            served.stop()
        assert served.status() == 0
    assert people.lost == []
    assert set(people.answered) == {200}


@pytest.fixture
def server() -> DrainingServer:
    """A server in this process, which is about to stop."""
    lifecycle = Lifecycle()
    config = uvicorn.Config(Application(lifecycle), http=gate(lifecycle=lifecycle).protocol(), lifespan="off")
    config.load()
    made = DrainingServer(config, lifecycle, grace_seconds=0)
    made.lifespan, made.servers = config.lifespan_class(config), []
    return made


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket from which nobody accepts."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


async def test_queue_of_the_listener_is_served(server: DrainingServer, listener: socket.socket) -> None:
    """Who is connected as far as the kernel has told them is answered, though nobody accepted them yet."""
    clients = [Client(listener.getsockname()) for _ in range(5)]
    for client in clients:
        client.send(GET)
    await server.shutdown([listener])
    for client in clients:
        assert client.answer().status == 200
        client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems reset who comes at that moment")
async def test_who_comes_before_it_closes_is_refused(
    server: DrainingServer, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not connected and then reset, with a request that is lost."""
    with socket.socket() as late:
        late.setblocking(False)

        def and_then_one(listener: socket.socket) -> Iterator[socket.socket]:
            late.connect_ex(listener.getsockname())
            yield from ()

        monkeypatch.setattr("libs.web.drain._accept_rest", and_then_one)
        await server.shutdown([listener])
        assert select.select([], [late], [], 60)[1]
        assert late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_requests_in_flight_are_finished() -> None:
    """A request that was being answered when the signal came gets its answer."""
    with draining() as served:
        client = served.client()
        client.send(SLOW)
        time.sleep(0.2)
        served.stop()
        answer = client.answer()
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        client.close()
        assert served.status() == 0


def test_readiness_flips_while_it_still_serves() -> None:
    """In the grace period the service says that it is not ready, and answers all the same."""
    with draining(grace=300) as served:
        served.stop()
        while served.ask(READY).status == 200:
            time.sleep(0.05)
        for request, status in ((READY, 503), (GET, 200)):
            answer = served.ask(request)
            assert answer.status == status
            assert answer.headers["connection"] == "close"
        served.stop()
        assert served.status() == 128 + signal.SIGTERM


def test_idle_connections_do_not_hold_it_up() -> None:
    """Connections without a request are closed soon after the grace period."""
    with draining() as served:
        used, silent = served.client(), served.client()
        assert used.ask(READY).status == 200
        served.stop()
        assert served.status() == 0
        assert used.is_closed()
        assert silent.is_closed()
        used.close()
        silent.close()


def test_late_request_on_an_open_connection_is_answered() -> None:
    """A request that was on its way when the listener closed is answered."""
    with draining(parting=60) as served:
        client = served.client()
        served.stop()
        served.refuses()
        assert client.ask(GET).status == 200
        client.close()
        assert served.status() == 0


def test_endless_request_is_given_up() -> None:
    """A request that does not end by its deadline does not keep the process."""
    with draining(finish=1) as served:
        client = served.client()
        client.send(GET.replace(b"/ ", b"/never ", 1))
        time.sleep(0.2)
        begin = time.monotonic()
        served.stop()
        assert served.status() == 0
        assert time.monotonic() - begin > 0.9
        client.close()


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("path", [b"/never", b"/busy"])
def test_second_signal_ends_at_once(first: signal.Signals, path: bytes) -> None:
    """Who asks twice does not wait, not even for a handler that holds the loop."""
    with draining() as served:
        client = served.client()
        client.send(GET.replace(b"/ ", path + b" ", 1))
        time.sleep(0.2)
        served.stop(first)
        served.has_heard()
        served.stop(signal.SIGTERM)
        assert served.status() == 128 + signal.SIGTERM
        client.close()


def test_interrupt_has_no_grace_period() -> None:
    """Ctrl-C is for people: nobody waits for a balancer."""
    with draining(grace=300) as served:
        served.stop(signal.SIGINT)
        assert served.status() == 0

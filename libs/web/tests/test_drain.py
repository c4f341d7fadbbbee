"""A real process, real sockets and real signals: nothing that a client sent is lost."""

import contextlib
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from libs.web.tests.processes import draining
from libs.web.tests.serving import GET, Client

SLOW = GET.replace(b"/ ", b"/slow ", 1)
READY = GET.replace(b"/ ", b"/readyz ", 1)


@dataclass(slots=True)
class ClientLoop:
    """Clients that send requests until a response has `Connection: close`. A request without a response is lost."""

    address: tuple[str, int]
    answered: Counter[int] = field(default_factory=Counter)
    lost: list[Exception] = field(default_factory=list)

    def run(self) -> None:
        """Run one client."""
        client = Client(self.address)
        try:
            while (answer := client.ask(GET)).headers.get("connection") != "close":
                self.answered[answer.status] += 1
        except (OSError, IndexError, ValueError) as error:
            self.lost.append(error)
        finally:
            client.close()


@contextlib.contextmanager
def clients(address: tuple[str, int], *, count: int = 32) -> Iterator[ClientLoop]:
    """Run clients in threads; at the end all of them have stopped."""
    loop = ClientLoop(address)
    threads = [threading.Thread(target=loop.run) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield loop
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_nothing_is_lost_under_load() -> None:
    """A stop loses no request of 32 clients that respect `Connection: close`, and ends with success."""
    with draining(grace=0.5) as served:
        with clients(served.address) as loop:
            while loop.answered[200] <= 300:
                time.sleep(0.01)
            served.stop()
        assert served.status() == 0
    assert loop.lost == []
    assert set(loop.answered) == {200}


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
    """In the grace period the service reports that it is not ready, and still answers."""
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
    """A second signal ends the process at once, even while a handler blocks the event loop."""
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
    """SIGINT (Ctrl-C) skips the grace period, which is for load balancers."""
    with draining(grace=300) as served:
        served.stop(signal.SIGINT)
        assert served.status() == 0

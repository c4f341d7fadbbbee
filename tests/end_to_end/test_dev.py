"""`bazel run //:dev` on a new checkout: the printed URLs and token work, and Ctrl-C ends it."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

_DEV = Path(__file__).absolute().parents[2] / "tools/dev/dev"
_LAST_LINE = "Ctrl-C stops all services.\n"
_SERVICES = ("user_service", "product_service")
# A busy machine may take long; nothing here measures that.
_PATIENCE_SECONDS = 60


@contextmanager
def _dev(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [_DEV, "--data", folder, *_ports(), *arguments]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as dev:
        try:
            yield dev
        finally:
            dev.kill()


def test_what_it_prints_works_and_one_signal_ends_it(tmp_path: Path) -> None:
    """The token and both documentation pages work; after Ctrl-C all ports are closed and no traceback was printed."""
    with _dev(tmp_path) as dev:
        said = _until_ready(dev)
        urls = re.findall(r"http://[0-9.:]+(?=/docs)", said)
        token = re.search(r"TOKEN=(\S+)", said)
        assert token is not None, said
        mine = {"Authorization": f"Bearer {token[1]}"}
        with httpx2.Client(trust_env=False, headers=mine, timeout=_PATIENCE_SECONDS) as http:
            assert [http.get(f"{url}/docs").status_code for url in urls] == [200, 200]
            made = http.post(f"{urls[1]}/products", json={"name": "Tea", "price_cents": 450})
            assert (made.status_code, made.json()["owner_name"]) == (201, "Demo"), made.text
        urls += re.findall(r"^events +(nats://\S+)", said, re.MULTILINE)
        assert [_is_taken(url) for url in urls] == [True, True, True]
        _refuses_a_second_one(tmp_path)
        dev.send_signal(signal.SIGINT)
        rest, _ = dev.communicate(timeout=_PATIENCE_SECONDS)
    assert dev.returncode == 0, rest
    assert "Traceback" not in said + rest
    assert not any(map(_is_taken, urls))
    private = [
        *tmp_path.glob("user_service/keys/*.pem"),
        *tmp_path.glob("*/client_secret"),
        *tmp_path.glob("nats/*.password"),
        tmp_path / "nats/nats.conf",
        tmp_path / "demo_user.json",
    ]
    assert len(private) == 7
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)


def test_the_second_start_finds_what_the_first_made(tmp_path: Path) -> None:
    """A second start has the same user and key; SIGTERM ends it like Ctrl-C."""
    users = []
    for _ in range(2):
        with _dev(tmp_path) as dev:
            users += re.findall(r"demo user +(\S+)", _until_ready(dev))
            dev.terminate()
            dev.communicate(timeout=_PATIENCE_SECONDS)
        assert dev.returncode == 0
    assert users[0] == users[1]
    assert len(list(tmp_path.glob("user_service/keys/*.pem"))) == 1


def test_fresh_starts_over(tmp_path: Path) -> None:
    """`--fresh` deletes the files that the command has created, and no other file of the folder."""
    (tmp_path / "notes.txt").write_text("mine")
    users, passwords = [], set()
    for arguments in ((), ("--fresh",)):
        with _dev(tmp_path, *arguments) as dev:
            users += re.findall(r"demo user +(\S+)", _until_ready(dev))
            dev.terminate()
            dev.communicate(timeout=_PATIENCE_SECONDS)
        assert dev.returncode == 0
        passwords.add((tmp_path / "nats/administrator.password").read_text())
    assert users[0] != users[1]
    assert len(passwords) == 2
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_killed_broker_ends_all(tmp_path: Path) -> None:
    """A killed broker ends all services, as a killed service does; the message names the log of the broker."""
    with _dev(tmp_path) as dev:
        urls = re.findall(r"http://[0-9.:]+(?=/docs)", _until_ready(dev))
        os.kill(int((tmp_path / "nats/lock").read_text()), signal.SIGKILL)
        rest, _ = dev.communicate(timeout=_PATIENCE_SECONDS)
    assert dev.returncode == 1
    assert f"dev: nats-server ended with exit code -9; {tmp_path}/nats/log has the reason\n" in rest
    assert "Traceback" not in rest
    assert not any(map(_is_taken, urls))


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """The error names the port and the flag, and no process is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _dev(tmp_path, "--port", f"product_service={port}") as dev:
            said, _ = dev.communicate(timeout=_PATIENCE_SECONDS)
    assert dev.returncode == 1
    assert said == (
        f"dev: port {port} is taken by another process: stop it, or choose another with --port product_service=PORT\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--port", "user_service=99999"), "user_service=99999 is not SERVICE=PORT with a port from 1 to 65535"),
        (("--port", "8051"), "8051 is not SERVICE=PORT"),
        (("--port", "shop=8051"), "there is no service shop; the services are product_service, user_service"),
        (
            ("--port", "user_service=8051", "--port", "product_service=8051"),
            "user_service and product_service cannot both have port 8051",
        ),
        (("--data", __file__), "cannot hold the data: File exists"),
    ],
)
def test_a_wrong_flag_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    """An invalid flag is reported without a traceback."""
    with _dev(tmp_path, *arguments) as dev:
        said, _ = dev.communicate(timeout=_PATIENCE_SECONDS)
    assert dev.returncode in {1, 2}
    assert why in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def _refuses_a_second_one(folder: Path) -> None:
    """Check that a second start with the same data, on other ports, is refused."""
    with _dev(folder, "--fresh") as second:
        said, _ = second.communicate(timeout=_PATIENCE_SECONDS)
    assert second.returncode == 1
    assert re.fullmatch(rf"dev: nats-server with process id \d+ uses {folder}/nats: stop .* --data\n", said), said


def _until_ready(dev: subprocess.Popen[str]) -> str:
    assert dev.stdout is not None
    lines = []
    for line in dev.stdout:
        lines.append(line)
        if line == _LAST_LINE:
            return "".join(lines)
    raise AssertionError("".join(lines))


def _ports() -> list[str]:
    return [word for name in _SERVICES for word in ("--port", f"{name}={_free_port()}")]


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def _is_taken(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0

"""`bazel run //:dev` as a newcomer meets it: what it prints works, and Ctrl-C ends it."""

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
_LAST_LINE = "Ctrl-C stops both.\n"
# A busy machine may take long; nothing here measures that.
_PATIENCE_SECONDS = 60


@contextmanager
def _dev(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [_DEV, "--data", folder, "--user-port", _free_port(), "--product-port", _free_port(), *arguments]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as dev:
        try:
            yield dev
        finally:
            dev.kill()


def test_what_it_prints_works_and_one_signal_ends_it(tmp_path: Path) -> None:
    """A user logged in, both pages there, and after Ctrl-C nobody listens and nothing was said of a crash."""
    with _dev(tmp_path) as dev:
        said = _until_ready(dev)
        urls = re.findall(r"http://[0-9.:]+(?=/docs)", said)
        token = re.search(r"TOKEN=(\S+)", said)
        assert token is not None, said
        mine = {"Authorization": f"Bearer {token[1]}"}
        with httpx2.Client(trust_env=False, headers=mine, timeout=_PATIENCE_SECONDS) as http:
            assert [http.get(f"{url}/docs").status_code for url in urls] == [200, 200]
            assert http.get(f"{urls[1]}/products").status_code == 200
        dev.send_signal(signal.SIGINT)
        rest, _ = dev.communicate(timeout=_PATIENCE_SECONDS)
    assert dev.returncode == 0, rest
    assert "Traceback" not in said + rest
    assert not any(_is_taken(int(url.rpartition(":")[2])) for url in urls)
    private = [*tmp_path.glob("user_service/keys/*.pem"), tmp_path / "demo_user.json"]
    assert len(private) > 1
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)


def test_the_second_start_finds_what_the_first_made(tmp_path: Path) -> None:
    """Same user, same key; SIGTERM ends it as Ctrl-C does."""
    users = []
    for _ in range(2):
        with _dev(tmp_path) as dev:
            users += re.findall(r"demo user +(\S+)", _until_ready(dev))
            dev.terminate()
            dev.communicate(timeout=_PATIENCE_SECONDS)
        assert dev.returncode == 0
    assert users[0] == users[1]
    assert len(list(tmp_path.glob("user_service/keys/*.pem"))) == 1


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """It names the port and the flag, and starts nothing."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _dev(tmp_path, "--product-port", str(port)) as dev:
            said, _ = dev.communicate(timeout=_PATIENCE_SECONDS)
    assert dev.returncode == 1
    assert said == (
        f"dev: port {port} is taken by another process: stop it, or choose another port for product_service "
        "with --product-port\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--user-port", "99999"), "99999 is no port: from 1 to 65535"),
        (("--user-port", "8051", "--product-port", "8051"), "both services cannot have port 8051"),
        (("--data", __file__), "cannot hold the data: File exists"),
    ],
)
def test_a_wrong_flag_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    """And no traceback."""
    with _dev(tmp_path, *arguments) as dev:
        said, _ = dev.communicate(timeout=_PATIENCE_SECONDS)
    assert dev.returncode in {1, 2}
    assert why in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def _until_ready(dev: subprocess.Popen[str]) -> str:
    assert dev.stdout is not None
    lines = []
    for line in dev.stdout:
        lines.append(line)
        if line == _LAST_LINE:
            return "".join(lines)
    raise AssertionError("".join(lines))


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

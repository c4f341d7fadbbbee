"""The command shows what differs and changes it, and loses data only when that is allowed."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.events.broker.topology import read_topology
from libs.events.nats_testing import NatsServer, nats_server, users_of
from tools.events import permissions
from tools.events.reconcile import main


def _write(folder: Path, **description: object) -> None:
    (folder / str(description["name"])).mkdir(exist_ok=True)
    (folder / str(description["name"]) / "service.json").write_text(json.dumps(description))


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """Return a folder with two services."""
    _write(tmp_path, name="shop", publishes=["order.placed"], consumes={})
    _write(tmp_path, name="post", publishes=[], consumes={"shop": ["order.placed"]})
    return tmp_path


@pytest.fixture
def server(services: Path) -> Iterator[NatsServer]:
    """Run an empty broker with the users of these services."""
    users = users_of(read_topology(services))
    with tempfile.TemporaryDirectory() as folder, nats_server(Path(folder), users) as running:
        yield running


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the password of the administrator."""
    monkeypatch.setenv("EVENTS_PASSWORD", "administrator")


def test_it_creates_what_is_missing(server: NatsServer, services: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run ends with 2 and changes nothing; afterwards nothing differs."""
    for arguments, code in ((["--dry-run"], 2), (["--dry-run"], 2), ([], 0), (["--dry-run"], 0), ([], 0)):
        assert main(["--url", server.url, *arguments], services=services) == code
    assert capsys.readouterr().out.startswith("EVENTS_shop        create\nDEAD_LETTERS_post  create\n")


def test_data_is_not_lost_by_default(server: NatsServer, services: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If a change would lose data, nothing is changed by default."""
    assert main(["--url", server.url], services=services) == 0
    _write(services, name="post", publishes=["parcel.sent"], consumes={})
    capsys.readouterr()
    assert main(["--url", server.url], services=services) == 1
    output = capsys.readouterr()
    assert output.err == (
        "reconcile: nothing was changed: DEAD_LETTERS_post, EVENTS_shop/post can lose data; "
        "pass --allow-data-loss to do it\n"
    )
    assert "EVENTS_post        create\n" in output.out
    assert main(["--url", server.url, "--dry-run"], services=services) == 2
    assert main(["--url", server.url, "--allow-data-loss"], services=services) == 0
    assert main(["--url", server.url, "--dry-run"], services=services) == 0


def test_a_user_without_permission_is_one_sentence(
    server: NatsServer, services: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service cannot reconcile; a missing file of the password is named."""
    monkeypatch.setenv("EVENTS_PASSWORD", "shop")
    assert main(["--url", server.url, "--user", "shop"], services=services) == 1
    assert capsys.readouterr().err == "reconcile: nats: timeout\n"
    assert main(["--url", server.url, "--password-file", "/gone"], services=services) == 1
    assert capsys.readouterr().err == "reconcile: /gone: No such file or directory\n"


def test_the_example_for_production_has_no_password(services: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Passwords in the example are environment variables of the server."""
    assert permissions.main([], services=services) == 0
    text = capsys.readouterr().out
    assert text.count('"password": $') == text.count('"password"') == 3
    assert '"password": $SHOP_PASSWORD' in text
    assert '"sync_interval": "always"' in text


def test_services_that_do_not_fit_together_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Services that do not match are a one-line error before any connection is made."""
    _write(tmp_path, name="post", consumes={"shop": ["order.placed"]})
    sentence = "post consumes order.placed of shop, which publishes nothing\n"
    assert main(["--url", "nats://127.0.0.1:1"], services=tmp_path) == 1
    assert permissions.main([], services=tmp_path) == 1
    assert capsys.readouterr().err == f"reconcile: {sentence}permissions: {sentence}"

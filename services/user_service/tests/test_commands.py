"""Commands for tasks that no HTTP request can do."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from libs.auth.claims import ClientId
from libs.auth.clients import authenticate_client, new_client_secret
from libs.auth.key_files import KeyFolder
from libs.auth.keys import KeyRing
from libs.clock.testing import FakeClock
from libs.db.sessions import open_sessions
from libs.web.command import run
from libs.web.errors import StartupError
from libs.web.testing import running
from services.user_service.__main__ import SERVICE
from services.user_service.app import create_app
from services.user_service.commands import add_client, ensure_client, grant_admin, remove_client
from services.user_service.errors import BadClient, UserNotFound
from services.user_service.service.clients import find_client
from services.user_service.settings import UserSettings
from services.user_service.tests.user_fixtures import ANN, log_in, register, tokens


def test_a_new_clients_secret_is_printed_once_and_kept_nowhere(
    settings: UserSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints only the secret; the database has only its digest."""
    assert add_client(settings, "reporting", "products:read") == 0
    secret = capsys.readouterr().out.strip()
    assert len(secret) == 43

    async def stored() -> object:
        sessions = open_sessions(settings.database)
        try:
            async with sessions.read() as session:
                return await find_client(session, ClientId("reporting"))
        finally:
            await sessions.close()

    found = asyncio.run(stored())
    assert found is not None
    assert secret not in repr(found)
    with pytest.raises(BadClient, match="there is a client reporting already"):
        add_client(settings, "reporting", "products:read")
    assert remove_client(settings, "reporting") == 0
    with pytest.raises(BadClient, match="there is no client reporting"):
        remove_client(settings, "reporting")


def test_ensure_client_overwrites_no_other_file(settings: UserSettings, tmp_path: Path) -> None:
    """A mistyped path does not overwrite another file."""
    file = tmp_path / "notes"
    file.write_text("something else\n")
    with pytest.raises(BadClient, match="does not contain a client secret"):
        ensure_client(settings, "shop", "products:read", str(file))
    assert file.read_text() == "something else\n"


def test_ensure_client_leaves_a_client_alone_or_gives_it_a_new_secret(settings: UserSettings, tmp_path: Path) -> None:
    """The file is private; it changes when client, secret or scopes do, and the secret in it is the client's."""
    file = tmp_path / "client_secret"
    seen: list[str] = []
    steps: list[tuple[str, Callable[[], object]]] = [
        ("directory:read", lambda: None),
        ("directory:read", lambda: None),
        ("directory:read tokens:introspect", lambda: None),
        ("directory:read tokens:introspect", lambda: file.write_text(f"{new_client_secret()}\n")),
        ("directory:read tokens:introspect", lambda: remove_client(settings, "shop")),
        ("directory:read tokens:introspect", file.unlink),
    ]
    for scopes, before in steps:
        before()
        assert ensure_client(settings, "shop", scopes, str(file)) == 0
        assert file.stat().st_mode & 0o777 == 0o600
        seen.append(file.read_text().strip())
        assert asyncio.run(_secret_is_right(settings, "shop", seen[-1]))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 5
    with pytest.raises(BadClient, match="are for users"):
        ensure_client(settings, "shop", "users:admin", str(file))
    with pytest.raises(BadClient, match="cannot be written: No such file or directory"):
        ensure_client(settings, "shop", "products:read", str(tmp_path / "none" / "secret"))


async def _secret_is_right(settings: UserSettings, name: str, secret: str) -> bool:
    sessions = open_sessions(settings.database)
    try:
        async with sessions.read() as session:
            return authenticate_client(await find_client(session, ClientId(name)), secret).client_id == name
    finally:
        await sessions.close()


def test_the_first_key_is_written_where_there_is_none(settings: UserSettings, tmp_path: Path) -> None:
    """The command may run before every start: it does not change existing keys."""
    empty = settings.model_copy(update={"keys_dir": tmp_path / "none yet"})
    first_key = SERVICE.commands["first-key"]
    assert first_key.run(empty) == 0
    [written] = KeyFolder(empty.keys).read()
    assert first_key.run(empty) == 0
    assert [key.key_id for key in KeyFolder(empty.keys).read()] == [written.key_id]


def test_a_leaked_key_is_revoked(settings: UserSettings, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the key that it wrote and the one that it deleted."""
    leaked = KeyRing.from_folder(settings.keys, clock=FakeClock()).signing_key().key_id
    assert SERVICE.commands["revoke-key"].run(settings, leaked) == 0
    written, removed = capsys.readouterr().err.splitlines()
    assert written.startswith("revoke-key: wrote ")
    assert removed == f"revoke-key: removed {leaked}"
    assert leaked not in [key.key_id for key in KeyFolder(settings.keys).read()]


def test_a_throttle_uri_that_cannot_be_used_stops_the_start(settings: UserSettings) -> None:
    """The reason is one sentence that names the setting and holds no password."""
    wrong = settings.model_copy(update={"throttle_uri": "http://:canary@127.0.0.1:6379"})
    with pytest.raises(StartupError, match="USER_SERVICE_THROTTLE_URI: expected redis://HOST:PORT") as caught:
        SERVICE.commands["serve"].run(wrong)
    assert "canary" not in str(caught.value)


def test_the_first_administrator_is_a_registered_user(settings: UserSettings) -> None:
    """There is no default account: the command fails for an address without an account."""
    with pytest.raises(UserNotFound, match="there is no user"):
        grant_admin(settings, ANN["email"])
    asyncio.run(_register(settings))
    assert grant_admin(settings, ANN["email"].upper()) == 0
    assert asyncio.run(_reads_users(settings)) == 200


def test_a_wrong_operand_is_one_line(
    settings: UserSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of the service or of its keys ends a command with one sentence and exit code 2."""
    monkeypatch.setenv("USER_SERVICE_DATABASE_URL", settings.database)
    monkeypatch.setenv("USER_SERVICE_KEYS_DIR", "/nowhere")
    assert run(SERVICE, ["remove-client", "reporting"]) == 2
    assert run(SERVICE, ["serve"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "user_service: there is no client reporting",
        "user_service: /nowhere: no such folder of signing keys. The command rotate-keys writes one.",
    ]


async def _register(settings: UserSettings) -> None:
    async with running(create_app(settings, clock=FakeClock())) as client:
        await register(client, ANN)


async def _reads_users(settings: UserSettings) -> int:
    async with running(create_app(settings, clock=FakeClock())) as client:
        login = tokens(await log_in(client, ANN))
        return (await client.get("/admin/users", headers=login.headers)).status_code

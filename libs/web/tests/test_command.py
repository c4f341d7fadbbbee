"""The command line of a service."""

import os
from pathlib import Path

import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.web.command import Command, Service, run
from libs.web.configuration import effective, table
from libs.web.errors import StartupError
from libs.web.server import listen
from libs.web.settings import WebSettings


class ShopSettings(WebSettings):
    """The settings of a service in these tests."""

    model_config = SettingsConfigDict(env_prefix="SHOP_")

    api_key: str = Field(description="A secret: it has no default.")
    database_url: str = Field(default="", description="A URL that may hold a password.")


class Shop:
    """The service, which notes what was done to it."""

    def __init__(self) -> None:
        self.done: list[tuple[str, ShopSettings]] = []
        self.service = Service(
            name="shop",
            settings=ShopSettings,
            commands={
                "serve": Command("serve", self._note("serve")),
                "migrate": Command("migrate", self._note("migrate")),
                "fail": Command("fail", self._fail),
            },
            prepare=self._note("prepare"),
        )

    def _note(self, word: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  # both kinds of callable
        def note(settings: ShopSettings) -> int:
            self.done.append((word, settings))
            return 0

        return note

    def _fail(self, _: ShopSettings) -> int:
        raise StartupError("there is no key; make one")


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose environment holds its secret and nothing else of ours."""
    for name in list(os.environ):
        if name.startswith("SHOP_") or name == "BUILD_WORKSPACE_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOP_API_KEY", "canary-5e1f")
    return Shop()


def test_a_service_serves_unless_told_otherwise(shop: Shop) -> None:
    """The word is optional; nothing is prepared outside of a checkout."""
    assert run(shop.service, []) == 0
    assert run(shop.service, ["migrate"]) == 0
    assert [word for word, _ in shop.done] == ["serve", "migrate"]


def test_a_checkout_is_prepared_before_serving(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """`bazel run` keeps its data in the workspace and makes what is missing."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", "/work space")
    run(shop.service, [])
    assert [word for word, _ in shop.done] == ["prepare", "serve"]
    assert shop.done[0][1].data_dir == Path("/work space/.data/shop")


def test_a_named_data_folder_is_nobodys_checkout(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says where the data is keeps it: nothing is made there unasked."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", "/workspace")
    monkeypatch.setenv("SHOP_DATA_DIR", "/elsewhere")
    run(shop.service, [])
    assert [word for word, _ in shop.done] == ["serve"]


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("SHOP_PORT", "tcp://10.0.0.1:80", "shop: SHOP_PORT: Input should be a valid integer"),
        ("SHOP_PORT", "65536", "shop: SHOP_PORT: Input should be less than or equal to 65535"),
        ("SHOP_LOG_LEVEL", "loud", "shop: SHOP_LOG_LEVEL: Input should be 'debug', 'info'"),
        ("SHOP_API_KEY", "", "shop: SHOP_API_KEY: Field required"),
    ],
)
def test_a_wrong_setting_is_one_line(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    variable: str,
    value: str,
    sentence: str,
) -> None:
    """The variable's name and what is wrong with it, without its value and without a trace."""
    monkeypatch.setenv(variable, value)
    assert run(shop.service, []) == 2
    said = capsys.readouterr().err
    assert said.startswith(sentence)
    assert said.count("\n") == 1
    assert shop.done == []


def test_a_refusal_is_one_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """So is a command's own reason."""
    assert run(shop.service, ["fail"]) == 2
    assert capsys.readouterr().err == "shop: there is no key; make one\n"


def test_a_file_holds_settings_and_the_environment_wins(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file for what all instances share, the environment for what is this one's."""
    file = tmp_path / "shop.env"
    file.write_text("SHOP_PORT=1234\nSHOP_HOST=10.0.0.0\n", encoding="utf-8")
    monkeypatch.setenv("SHOP_PORT", "4321")
    assert run(shop.service, ["--settings", str(file)]) == 0
    settings = shop.done[0][1]
    assert (settings.port, settings.host) == (4321, "10.0.0.0")


def test_a_missing_file_is_refused(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """It is never taken for an empty one."""
    assert run(shop.service, ["--settings", "/nowhere"]) == 2
    assert "there is no file /nowhere" in capsys.readouterr().err


def test_the_configuration_is_printed_without_its_secrets(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A secret is masked by its name, a password in a URL by its shape; nothing is served."""
    monkeypatch.setenv("SHOP_DATABASE_URL", "postgresql+asyncpg://ann:canary-5e1f@db/shop")
    assert run(shop.service, ["--print-config"]) == 0
    printed = capsys.readouterr().out
    assert "SHOP_DATABASE_URL=postgresql+asyncpg://[redacted]@db/shop\n" in printed
    assert "SHOP_API_KEY=[redacted]\n" in printed
    assert "canary" not in printed
    assert shop.done == []


def test_what_is_printed_can_be_read_again(shop: Shop, tmp_path: Path) -> None:
    """Lists, floats, switches and addresses survive the way out and in."""
    given = ShopSettings(
        api_key="x", host="0.0.0.0", drain_seconds=0.5, docs=True, allowed_hosts=("a.example.com", "b.example.com")
    )
    file = tmp_path / "shop.env"
    file.write_text(effective(given), encoding="utf-8")
    run(shop.service, ["--settings", str(file)])
    assert shop.done[0][1].model_copy(update={"api_key": "x"}) == given


def test_the_table_says_what_is_required() -> None:
    """A setting without a default says so."""
    assert "| `SHOP_API_KEY` | required | A secret: it has no default. |" in table(ShopSettings)


def test_a_taken_port_is_one_sentence() -> None:
    """Said before anything else is opened."""
    with listen("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(StartupError, match=f"127.0.0.1:{port} is in use by another process"):
            listen("127.0.0.1", port)

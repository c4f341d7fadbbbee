"""The command line of a service."""

import errno
import os
from pathlib import Path

import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.web.command import Command, Service, run
from libs.web.configuration import effective, table
from libs.web.errors import ListenError, PortForbidden, PortTaken, StartupError, UnknownAddress
from libs.web.server import listen
from libs.web.settings import WebSettings


class ShopSettings(WebSettings):
    """The settings of a service in these tests."""

    model_config = SettingsConfigDict(env_prefix="SHOP_")

    api_key: str = Field(description="A secret: it has no default.")
    database_url: str = Field(default="", description="A URL that may hold a password.")


class Shop:
    """A service that records which of its commands ran."""

    def __init__(self) -> None:
        self.done: list[tuple[str, ShopSettings]] = []
        self.service = Service(
            name="shop",
            settings=ShopSettings,
            commands={
                "serve": Command("serve", self._note("serve")),
                "migrate": Command("migrate", self._note("migrate")),
                "fail": Command("fail", self._fail),
                "compute": Command("compute", self._compute),
            },
            prepare=self._note("prepare"),
            startup_errors=(ArithmeticError,),
        )

    def _note(self, word: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  # both kinds of callable
        def note(settings: ShopSettings) -> int:
            self.done.append((word, settings))
            return 0

        return note

    def _fail(self, _: ShopSettings) -> int:
        raise StartupError("there is no key; make one")

    def _compute(self, _: ShopSettings) -> int:
        raise ArithmeticError("the sum\nis too large")


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose environment has its secret and no other setting."""
    for name in list(os.environ):
        if name.startswith("SHOP_") or name == "BUILD_WORKSPACE_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOP_API_KEY", "canary-5e1f")
    return Shop()


def test_a_service_serves_unless_told_otherwise(shop: Shop) -> None:
    """Without a command the service serves; outside a checkout nothing is prepared."""
    assert run(shop.service, []) == 0
    assert run(shop.service, ["migrate"]) == 0
    assert [word for word, _ in shop.done] == ["serve", "migrate"]


def test_a_checkout_is_prepared_before_serving(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `bazel run`, data is in the workspace, and missing data is created before serving."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", "/work space")
    run(shop.service, [])
    assert [word for word, _ in shop.done] == ["prepare", "serve"]
    assert shop.done[0][1].data_dir == Path("/work space/.data/shop")


def test_a_named_data_folder_is_nobodys_checkout(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a data folder in the settings, nothing is prepared before serving."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", "/workspace")
    monkeypatch.setenv("SHOP_DATA_DIR", "/elsewhere")
    run(shop.service, [])
    assert [word for word, _ in shop.done] == ["serve"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "80a", "Input should be a valid integer"),
        ("PORT", "65536", "Input should be less than or equal to 65535"),
        ("PORT", "tcp://10.0.0.1:80", "Kubernetes has set it to the address of a Service"),
        ("LOG_LEVEL", "loud", "Input should be 'debug', 'info'"),
        ("API_KEY", "", "Field required"),
        ("DOCS", "perhaps", "Input should be a valid boolean"),
        ("BODY_SECONDS", "nan", "Input should be a finite number"),
        ("STOP_SECONDS", "inf", "Input should be a finite number"),
        ("STOP_SECONDS", "1e300", "Input should be less than or equal to 86400"),
        ("ALLOWED_HOSTS", '["a.example"', "is not a valid JSON list"),
        ("ALLOWED_HOSTS", "[" * 100_000, "is not a valid JSON list"),
        ("ALLOWED_HOSTS", "[1]", "an entry is empty or is not text"),
        ("ALLOWED_HOSTS", "a.example,,b.example", "an entry is empty or is not text"),
        ("ALLOWED_HOSTS", '{"a": 1}', "'{\"a\": 1}' is not a host name"),
        ("ALLOWED_HOSTS", "a.example b.example", "'a.example b.example' is not a host name"),
        ("ALLOWED_HOSTS", "https://a.example", "'https://a.example' is not a host name"),
        ("ALLOWED_HOSTS", "a.example:8000", "'a.example:8000' is not a host name"),
        ("ALLOWED_HOSTS", "m\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen.example", "'m"),
        ("DATABASE_URL", "\udcff", "is not UTF-8 text"),
        ("TRUSTED_PROXIES", "proxy.example", "'proxy.example' is neither an IP address nor a network"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.1/8", "'10.0.0.1/8' is neither an IP address nor a network"),
        ("CORS_ORIGINS", "www.example", "'www.example' is not an origin"),
        ("CORS_ORIGINS", "https://www.example/", "'https://www.example/' is not an origin"),
        ("CORS_ORIGINS", "https://www.example:99999", "'https://www.example:99999' is not an origin"),
        ("CORS_ORIGINS", "https://[::1", "'https://[::1' is not an origin"),
    ],
)
def test_a_wrong_setting_is_one_line(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    name: str,
    value: str,
    sentence: str,
) -> None:
    """A wrong value is reported in one line with the variable's name and the reason; the exit code is 2."""
    monkeypatch.setenv(f"SHOP_{name}", value)
    assert run(shop.service, []) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"shop: SHOP_{name}: {sentence}")
    assert said.count("\n") == 1
    assert shop.done == []


@pytest.mark.parametrize(
    ("name", "value", "entries"),
    [
        ("ALLOWED_HOSTS", "a.example", ("a.example",)),
        ("ALLOWED_HOSTS", "a.example, *.b.example,[::1]", ("a.example", "*.b.example", "[::1]")),
        ("ALLOWED_HOSTS", ' ["a.example", "10.0.0.1"]', ("a.example", "10.0.0.1")),
        ("ALLOWED_HOSTS", "[]", ()),
        ("TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8", ("10.0.0.0/8", "fd00::/8")),
        ("CORS_ORIGINS", "https://www.example,http://localhost:3000", ("https://www.example", "http://localhost:3000")),
    ],
)
def test_a_list_is_written_with_commas_or_as_json(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, name: str, value: str, entries: tuple[str, ...]
) -> None:
    """Both forms give the same entries."""
    monkeypatch.setenv(f"SHOP_{name}", value)
    assert run(shop.service, []) == 0
    assert getattr(shop.done[0][1], name.lower()) == entries


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("SHOP_DATABSE_URL", "SHOP_DATABSE_URL is not a setting; did you mean SHOP_DATABASE_URL?"),
        ("shop_databse_url", "shop_databse_url is not a setting; did you mean SHOP_DATABASE_URL?"),
        ("SHOP_COLOUR", "SHOP_COLOUR is not a setting of this service; the command `settings` lists them"),
        ("SHOP_HTTP_PORT", "SHOP_HTTP_PORT is not a setting; did you mean SHOP_PORT?"),
    ],
)
def test_an_unknown_setting_is_named_with_the_likely_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, name: str, warning: str
) -> None:
    """A variable with the service's prefix that no setting has is a warning, and the command runs."""
    monkeypatch.setenv(name, "1")
    assert run(shop.service, ["migrate"]) == 0
    assert capsys.readouterr().err == f"shop: warning: {warning}\n"
    assert [word for word, _ in shop.done] == ["migrate"]


def test_links_of_kubernetes_are_not_unknown_settings(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kubernetes sets these variables for the Services shop and shop-cache; none is meant for the service."""
    links = {
        "SHOP_SERVICE_HOST": "10.0.0.1",
        "SHOP_SERVICE_PORT": "80",
        "SHOP_SERVICE_PORT_HTTP": "80",
        "SHOP_PORT_80_TCP": "tcp://10.0.0.1:80",
        "SHOP_PORT_80_TCP_PROTO": "tcp",
        "SHOP_PORT_80_TCP_PORT": "80",
        "SHOP_PORT_80_TCP_ADDR": "10.0.0.1",
        "SHOP_CACHE_SERVICE_HOST": "10.0.0.2",
        "SHOP_CACHE_PORT": "tcp://10.0.0.2:80",
        "SHOP_CACHE_PORT_53_UDP_ADDR": "10.0.0.2",
    }
    for name, value in links.items():
        monkeypatch.setenv(name, value)
    assert run(shop.service, []) == 0
    assert capsys.readouterr().err == ""


def test_an_unknown_setting_of_a_file_is_named(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is a name without the prefix; names of other services that share the file are not."""
    file = tmp_path / "shop.env"
    file.write_text("# shared\nSHOP_PROT=1\nexport LOG_LEVEL='info'\n\nBANK_PORT=3\nSHOP_HOST=::1 # local\n")
    assert run(shop.service, ["--settings", str(file)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "shop: warning: LOG_LEVEL is not a setting; did you mean SHOP_LOG_LEVEL?",
        "shop: warning: SHOP_PROT is not a setting; did you mean SHOP_PORT?",
    ]


def test_a_startup_error_is_one_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A startup error of the library or of the service is printed in one line; the exit code is 2."""
    assert run(shop.service, ["fail"]) == 2
    assert run(shop.service, ["compute"]) == 2
    assert capsys.readouterr().err == "shop: there is no key; make one\nshop: the sum is too large\n"


def test_a_file_holds_settings_and_the_environment_wins(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instances can share a file and override single settings in the environment."""
    file = tmp_path / "shop.env"
    file.write_text("SHOP_PORT=1234\nSHOP_HOST=10.0.0.0\n", encoding="utf-8")
    monkeypatch.setenv("SHOP_PORT", "4321")
    assert run(shop.service, ["--settings", str(file)]) == 0
    settings = shop.done[0][1]
    assert (settings.port, settings.host) == (4321, "10.0.0.0")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"SHOP_PORT=1\nSHOP_HOST\n", "has no NAME=value in line 2"),
        (b"SHOP_HOST='::1\n", "has no NAME=value in line 1"),
        (b'SHOP_HOST="::1" SHOP_PORT=1\n', "has no NAME=value in line 1"),
        (b"SHOP_HOST=\xff\n", "is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, reason: str
) -> None:
    """A missing or malformed settings file is never taken for an empty one."""
    file = tmp_path / "shop.env"
    if content is not None:
        file.write_bytes(content)
    assert run(shop.service, ["--settings", str(file)]) == 2
    assert capsys.readouterr().err == f"shop: the settings file {file} {reason}\n"
    assert shop.done == []


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
    """Lists, floats, booleans and addresses keep their values when printed and read again."""
    given = ShopSettings(
        api_key="x", host="0.0.0.0", drain_seconds=0.5, docs=True, allowed_hosts=("a.example.com", "b.example.com")
    )
    file = tmp_path / "shop.env"
    file.write_text(effective(given), encoding="utf-8")
    run(shop.service, ["--settings", str(file)])
    assert shop.done[0][1].model_copy(update={"api_key": "x"}) == given


def test_the_table_says_what_is_required() -> None:
    """The table marks settings without a default as required."""
    assert "| `SHOP_API_KEY` | required | A secret: it has no default. |" in table(ShopSettings)


def test_a_taken_port_is_reported() -> None:
    """An address that another socket has is in use."""
    with listen("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} is in use by another process"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["300.1.1.1", "192.0.2.1", "a..b", "x" * 300, "[::1]", "no such host"])
def test_an_address_of_another_machine_is_reported(host: str) -> None:
    """An address that cannot be bound here is not called in use."""
    with pytest.raises(UnknownAddress, match="is not an address of this machine"):
        listen(host, 0)


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (errno.EACCES, PortForbidden, "127.0.0.1:80 is not permitted to this process"),
        (errno.EADDRINUSE, PortTaken, "127.0.0.1:80 is in use by another process"),
        (errno.EAFNOSUPPORT, ListenError, "127.0.0.1:80 cannot be listened on: Address family not supported"),
    ],
)
def test_each_reason_has_its_own_error(number: int, kind: type[ListenError], reason: str) -> None:
    """The system's error number decides; one that is not known keeps the system's text."""
    error = ListenError.of("127.0.0.1", 80, OSError(number, os.strerror(number)))
    assert type(error) is kind
    assert str(error).startswith(reason)

"""Services that an environment does not allow: an ingress without proxies, mail to the log, a public API page."""

from pathlib import Path

import pytest

from tools.deploy.testing import PRODUCTS, SETTINGS, USERS, DeployWorkspace

_INGRESS = 'hosts = ["users.example"]\n[ingress]\n'
_PROXIES = 'trusted_proxies = ["10.0.0.0/8"]\n'
_USERS, _ENVIRONMENT = "deploy/staging/users.toml", "deploy/staging/environment.toml"
_MAIL_REFUSED = (
    f"error: {_USERS}: mail is `console`, which writes the tokens of password resets to the log: set mail under "
    f'[settings], for example to "smtps://USER@HOST", or development = true in {_ENVIRONMENT}\n'
)
_DOCS_REFUSED = (
    f"error: {_USERS}: docs = true behind an [ingress] publishes the API page: set docs = false under [settings], or "
    f"docs_public = true in {_ENVIRONMENT}\n"
)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return two environments with services that have the settings `mail` and `docs`."""
    workspace = DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch)
    page = "| `USERS_DOCS` | `false` | API page. |\n| `PRODUCTS_DOCS` | `false` | API page. |\n"
    workspace.write("docs/configuration.md", SETTINGS + page)
    return workspace


def _has_mail(workspace: DeployWorkspace) -> None:
    row = "| `USERS_MAIL` | `console` | Where mails go. |\n"
    workspace.write("docs/configuration.md", workspace.read("docs/configuration.md") + row)


def _allow(workspace: DeployWorkspace, line: str, environment: str = "staging") -> None:
    path = f"deploy/{environment}/environment.toml"
    workspace.write(path, workspace.read(path) + line)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_ingress_without_trusted_proxies_is_refused(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """The sentence names the line to add and its file; nothing is written."""
    workspace.write(_USERS, _INGRESS + USERS)
    files = workspace.files()
    assert workspace.run(command, "--env", "staging") == 1
    assert capsys.readouterr().err == (
        f"error: {_USERS}: behind an [ingress] all clients share the address of the ingress controller: add the "
        f'network of its pods, such as trusted_proxies = ["10.0.0.0/8"], to {_ENVIRONMENT}\n'
    )
    assert workspace.files() == files
    _allow(workspace, _PROXIES)
    assert workspace.run("plan", "--env", "staging") == 0


def test_promotion_to_an_ingress_without_trusted_proxies_is_refused(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment that gets the images decides."""
    monkeypatch.setattr("tools.deploy.environment_session.push_built", lambda *_: None)
    workspace.write("deploy/prod/users.toml", _INGRESS + USERS)
    workspace.commit()
    assert workspace.run("apply", "--env", "staging", "--commit") == 0
    capsys.readouterr()
    assert workspace.run("promote", "--from", "staging", "--to", "prod") == 1
    assert "to deploy/prod/environment.toml\n" in capsys.readouterr().err


@pytest.mark.parametrize("mail", ["", 'mail = "console"\n', 'mail = ""\n'], ids=["default", "console", "empty"])
def test_mail_to_the_log_is_refused(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], mail: str) -> None:
    """A service with the setting `mail` names where mails go, unless the environment is for development."""
    _has_mail(workspace)
    workspace.write(_USERS, USERS.replace("[settings]\n", f"[settings]\n{mail}"))
    assert workspace.run("plan", "--env", "staging") == 1
    assert capsys.readouterr().err == _MAIL_REFUSED
    _allow(workspace, "development = true\n")
    assert workspace.run("plan", "--env", "staging") == 0


@pytest.mark.parametrize(
    "configuration",
    [
        USERS.replace("[settings]\n", '[settings]\nmail = "smtps://me@smtp.example"\n'),
        USERS + '[secrets]\nmail = { secret = "mail", key = "address" }\n',
    ],
    ids=["setting", "secret"],
)
def test_mail_to_a_server_is_accepted(workspace: DeployWorkspace, configuration: str) -> None:
    """The address of a mail server may be a setting or come from a Secret."""
    _has_mail(workspace)
    workspace.write(_USERS, configuration)
    assert workspace.run("plan", "--env", "staging") == 0


def test_public_api_page_is_refused(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """`docs = true` behind an ingress needs `docs_public = true` of the environment."""
    _allow(workspace, _PROXIES)
    workspace.write(_USERS, _INGRESS + USERS.replace("[settings]\n", "[settings]\ndocs = true\n"))
    assert workspace.run("plan", "--env", "staging") == 1
    assert capsys.readouterr().err == _DOCS_REFUSED
    _allow(workspace, "docs_public = true\n")
    assert workspace.run("plan", "--env", "staging") == 0


def test_api_page_that_is_on_by_default_is_refused(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A default of the service counts as if it were configured."""
    _allow(workspace, _PROXIES)
    page = workspace.read("docs/configuration.md")
    workspace.write("docs/configuration.md", page.replace("| `USERS_DOCS` | `false`", "| `USERS_DOCS` | `true`"))
    workspace.write(_USERS, _INGRESS + USERS)
    assert workspace.run("plan", "--env", "staging") == 1
    assert capsys.readouterr().err == _DOCS_REFUSED


def test_api_page_inside_the_cluster_is_accepted(workspace: DeployWorkspace) -> None:
    """Without an ingress only services that the network admits reach the page."""
    workspace.write("deploy/staging/products.toml", PRODUCTS + "[settings]\ndocs = true\n")
    assert workspace.run("plan", "--env", "staging") == 0


@pytest.fixture
def caller(workspace: DeployWorkspace) -> DeployWorkspace:
    """Return the environments with a service that calls another."""
    rows = (
        "| `USERS_CLIENT_SECRET` | empty | Secret at the issuer. |\n"
        "| `USERS_SHOP_URL` | `http://127.0.0.1:8001` | Base URL of the shop. |\n"
    )
    workspace.write("docs/configuration.md", workspace.read("docs/configuration.md") + rows)
    return workspace


def test_calls_without_a_client_secret_are_refused(caller: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence names the commands that make the secret, and the line to add."""
    files = caller.files()
    assert caller.run("apply", "--env", "staging") == 1
    assert capsys.readouterr().err == (
        f"error: {_USERS}: calls to other services are off without a client_secret: register the service with "
        "`ensure-client` or `add-client` of the issuer, and add client_secret = "
        '{ secret = "users", key = "client-secret" } under [secrets]\n'
    )
    assert caller.files() == files


def test_calls_to_the_pod_itself_are_refused(caller: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """The address of another service is no default."""
    secrets = '[secrets]\nclient_secret = { secret = "users", key = "client-secret" }\n'
    caller.write(_USERS, USERS + secrets)
    assert caller.run("plan", "--env", "staging") == 1
    assert capsys.readouterr().err == (
        f"error: {_USERS}: shop_url is http://127.0.0.1:8001, an address inside the pod: set it under [settings], for "
        'example to "http://user-service"\n'
    )
    caller.write(_USERS, USERS.replace("[settings]", '[settings]\nshop_url = "http://shop"') + secrets)
    assert caller.run("plan", "--env", "staging") == 0

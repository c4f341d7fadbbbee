"""Services with events are connected to the NATS server of their environment."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.deploy.configuration import Environment
from tools.deploy.errors import BadFileError
from tools.deploy.files import parse_toml
from tools.deploy.testing import PRODUCTS, SETTINGS, USERS, DeployWorkspace
from tools.deploy.tests.refusals import refusal

_STAGING = ("--env", "staging")
_PAGE = SETTINGS + "".join(
    f"| `{service}_EVENTS_{name}` | empty | NATS. |\n"
    for service in ("USERS", "PRODUCTS")
    for name in ("URL", "USER", "PASSWORD", "CA_FILE")
)
_EVENTS = """
[events]
url = "tls://nats.example:4222"
to = [{ cidr = "10.20.0.0/24", port = 4222 }, { namespace = "nats", port = 4222 }]
"""
_ENVIRONMENT = "deploy/staging/environment.toml"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return two environments with two services that have events, and nothing to push to."""
    workspace = DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch)
    workspace.write("docs/configuration.md", _PAGE)
    monkeypatch.setattr("tools.deploy.environment_session.push_built", lambda *_: None)
    return workspace


def _name_broker(workspace: DeployWorkspace, more: str = "") -> None:
    workspace.write(_ENVIRONMENT, workspace.read(_ENVIRONMENT) + _EVENTS + more)


def _manifests(workspace: DeployWorkspace, service: str) -> dict[str, Any]:
    """Apply, and return the manifests of a service by their kinds."""
    assert workspace.run("apply", *_STAGING) == 0
    text = workspace.read(f"deploy/staging/manifests/{service}.yaml")
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def _variables(pod: dict[str, Any]) -> dict[str, object]:
    variables = pod["spec"]["template"]["spec"]["containers"][0]["env"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in variables if "_EVENTS_" in each["name"]}


def test_settings_password_and_network_are_rendered(workspace: DeployWorkspace) -> None:
    """Each service logs in under its own name, with the password in its own Secret."""
    _name_broker(workspace)
    manifests = _manifests(workspace, "users")
    assert _variables(manifests["Deployment"]) == {
        "USERS_EVENTS_URL": "tls://nats.example:4222",
        "USERS_EVENTS_USER": "users",
        "USERS_EVENTS_PASSWORD": {"secretKeyRef": {"name": "users", "key": "events-password"}},
    }
    port = {"ports": [{"port": 4222, "protocol": "TCP"}]}
    assert manifests["NetworkPolicy"]["spec"]["egress"][-2:] == [
        {"to": [{"ipBlock": {"cidr": "10.20.0.0/24"}}], **port},
        {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "nats"}}}], **port},
    ]


def test_service_without_events_is_left_alone(workspace: DeployWorkspace) -> None:
    """It has no setting `events_url`, and its network stays closed."""
    workspace.write("docs/configuration.md", SETTINGS)
    _name_broker(workspace)
    manifests = _manifests(workspace, "users")
    assert _variables(manifests["Deployment"]) == {}
    assert "nats" not in str(manifests["NetworkPolicy"])


def test_authority_is_a_file_of_every_container(workspace: DeployWorkspace) -> None:
    """The migration gets the file too, because its settings refer to it, but no storage that is bound to a node."""
    shared = 'access = "ReadWriteMany"\n'
    workspace.write("deploy/staging/products.toml", PRODUCTS + '[volumes.files]\npath = "/f"\nsize = "1Gi"\n' + shared)
    _name_broker(workspace, 'ca_secret = "nats-ca"\n')
    manifests = _manifests(workspace, "products")
    for kind, names in {"Deployment": {"events-ca", "files", "tmp"}, "Job": {"events-ca", "tmp"}}.items():
        pod = manifests[kind]["spec"]["template"]["spec"]
        assert _variables(manifests[kind])["PRODUCTS_EVENTS_CA_FILE"] == "/events-ca/ca.crt"
        assert {volume["name"] for volume in pod["volumes"]} == names
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        assert (set(mounts), mounts["events-ca"]) == (names, "/events-ca")


def test_settings_of_a_service_win(workspace: DeployWorkspace) -> None:
    """One service may use another server, user and Secret."""
    own = '[settings]\nevents_url = "nats://other:4222"\nevents_user = "me"'
    secrets = '[secrets]\nevents_password = { secret = "mine", key = "nats" }\n'
    workspace.write("deploy/staging/users.toml", USERS.replace("[settings]", own) + secrets)
    _name_broker(workspace)
    assert _variables(_manifests(workspace, "users")["Deployment"]) == {
        "USERS_EVENTS_URL": "nats://other:4222",
        "USERS_EVENTS_USER": "me",
        "USERS_EVENTS_PASSWORD": {"secretKeyRef": {"name": "mine", "key": "nats"}},
    }


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_service_without_a_broker_is_a_warning(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """The deployment works without a broker; the warning says what does not work, and what to add."""
    assert workspace.run(command, *_STAGING) == 0
    said = capsys.readouterr().out
    for service in ("products", "users"):
        assert (
            f"warning: {service} has no NATS server: its events stay in its outbox, and it consumes none; "
            f"add [events] to {_ENVIRONMENT}\n"
        ) in said


def test_streams_are_reconciled_before_the_processes(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """`apply` prints the command that reconciles the streams if there is a broker."""
    assert workspace.run("apply", *_STAGING) == 0
    assert "//tools/events" not in capsys.readouterr().out
    _name_broker(workspace)
    assert workspace.run("apply", *_STAGING) == 0
    said = capsys.readouterr().out
    assert "warning" not in said
    assert said.splitlines()[-2:] == [
        "bazel run //tools/events:reconcile -- --url tls://nats.example:4222",
        "kubectl apply -f deploy/staging/manifests",
    ]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            '[settings]\nevents_user = "users"\n',
            "events_user is set without events_password under [secrets]; add it",
        ),
        (
            '[secrets]\nevents_password = { secret = "users", key = "nats" }\n[settings]',
            "events_password is set without events_user; add it",
        ),
    ],
)
def test_user_and_password_are_set_together(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], settings: str, reason: str
) -> None:
    """A user without a password, or the reverse, is refused, because the service would not start."""
    workspace.write("deploy/staging/users.toml", USERS.replace("[settings]", settings))
    assert refusal(workspace, capsys, "plan", *_STAGING) == f"deploy/staging/users.toml: {reason}"


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ('url = "http://nats"\nto = [{ namespace = "nats", port = 1 }]', "events.url: "),
        ('url = "tls://me:secret@nats"\nto = [{ namespace = "nats", port = 1 }]', "events.url: "),
        ('url = "tls://nats"', "events.to: "),
        ('url = "tls://nats"\nto = []', "events.to: "),
        ('url = "tls://nats"\nto = [{ port = 1 }]', "a destination has either a cidr or a namespace"),
        (
            'url = "tls://nats"\nto = [{ cidr = "10.0.0.0/8", namespace = "nats", port = 1 }]',
            "a destination has either a cidr or a namespace",
        ),
    ],
)
def test_invalid_broker_is_refused(events: str, reason: str) -> None:
    """The error is one sentence without the password."""
    text = f'registry = "registry.example"\nnamespace = "staging"\n[events]\n{events}\n'
    with pytest.raises(BadFileError, match=r"^here: ") as refused:
        parse_toml(text, Environment, shown="here")
    assert reason in str(refused.value)
    assert "secret" not in str(refused.value)

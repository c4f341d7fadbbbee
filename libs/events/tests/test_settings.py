"""Settings that do not fit together are rejected with a sentence."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from libs.events.settings import EventSettings


def test_nothing_has_to_be_set() -> None:
    """A service without a broker starts."""
    assert EventSettings().events_url == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"events_url": "http://nats:4222"},
        {"events_url": "nats://"},
        {"events_url": "nats://user:password@nats:4222"},
        {"events_user": "shop"},
        {"events_password": "secret"},
        {"events_inbox_days": 7.0},
        {"events_ca_file": Path("/missing/ca.pem")},
    ],
)
def test_wrong_settings_are_rejected(changed: dict[str, object]) -> None:
    """Invalid settings are rejected, also if they only conflict with defaults."""
    with pytest.raises(ValidationError):
        EventSettings.model_validate(changed)


def test_several_servers_and_credentials() -> None:
    """Several servers and credentials are accepted, and the password is not shown."""
    settings = EventSettings.model_validate(
        {"events_url": "tls://a:4222,tls://b:4222", "events_user": "shop", "events_password": "secret"}
    )
    assert settings.events_password == SecretStr("secret")
    assert "secret" not in repr(settings)

"""Settings of calls are checked at the start."""

import pytest
from pydantic import SecretStr, ValidationError

from libs.http.settings import CallSettings


@pytest.mark.parametrize(
    "url",
    [
        "https://users.example",
        "https://users.example:8443/",
        "http://127.0.0.1:8001",
        "http://[::1]:8001",
        "http://localhost:8001",
        "http://user-service",
        "http://user-service.default.svc:80",
        "http://user-service.default.svc.cluster.local",
    ],
)
def test_urls_that_are_accepted(url: str) -> None:
    """URLs with https are accepted, and http for loopback and cluster hosts; a trailing slash is removed."""
    assert CallSettings(oauth_url=url).oauth_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://users.example", "use https"),
        ("http://10.0.0.1", "use https"),
        ("http://svc.evil.example", "use https"),
        ("ftp://users", "is not the base URL"),
        ("users", "is not the base URL"),
        ("", "is not the base URL"),
        ("https://", "is not the base URL"),
        ("https://user:password@users.example", "is not the base URL"),
        ("https://users.example/path", "is not the base URL"),
        ("https://users.example?a=1", "is not the base URL"),
        ("https://users.example:99999", "is not the base URL"),
        ("https://[::1", "is not the base URL"),
    ],
)
def test_urls_that_are_rejected(url: str, expected: str) -> None:
    """The error is one sentence that states what to do."""
    with pytest.raises(ValidationError, match=expected):
        CallSettings(oauth_url=url)


def test_a_secret_needs_an_id() -> None:
    """The error names both variables."""
    with pytest.raises(ValidationError, match="CLIENT_SECRET is set, but CLIENT_ID is not"):
        CallSettings(client_secret=SecretStr("a"))


def test_the_secret_is_optional() -> None:
    """The secret is optional and has no default."""
    assert CallSettings().client_secret is None

"""The services of this repository, as `service.json` of each describes them, and their settings on this machine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ISSUER = "user_service"
"""The service that issues the tokens."""

_HOST = "127.0.0.1"
_SERVICES = Path(__file__).absolute().parents[2] / "services"


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Attributes:
        name: its name.
        port: where it listens.
        calls: the scopes that its calls of other services need, by the name of the called service.
        data: the folder of its files.
    """

    name: str
    port: int
    calls: Mapping[str, Sequence[str]]
    data: Path

    @property
    def url(self) -> str:
        """Return its base URL."""
        return f"http://{_HOST}:{self.port}"

    @property
    def program(self) -> str:
        """Return the path of its binary in the runfiles."""
        return str(_SERVICES / self.name / self.name)

    @property
    def client_secret(self) -> Path:
        """Return the file with its client secret."""
        return self.data / "client_secret"

    @property
    def client_scopes(self) -> str:
        """Return the scopes of the tokens that it requests as a client."""
        return " ".join(sorted({scope for scopes in self.calls.values() for scope in scopes}))


def find_services(data: Path, ports: Mapping[str, int]) -> tuple[Service, ...]:
    """Return all services, the issuer first.

    Args:
        data: the folder of all files.
        ports: ports other than the default, by name of the service.
    """
    described = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(_SERVICES.glob("*/service.json"))]
    services = [
        Service(each["name"], ports.get(each["name"], each["port"]), each["calls"], data / each["name"])
        for each in described
    ]
    return tuple(sorted(services, key=lambda service: service.name != ISSUER))


def environment_of(
    service: Service,
    services: Sequence[Service],
    *,
    granted_scopes: Sequence[str],
    events: Mapping[str, Mapping[str, str]],
) -> dict[str, str]:
    """Return the settings of a service as environment variables. It stops at once and shows its API page.

    Args:
        service: the service.
        services: all services.
        granted_scopes: the scopes of users' tokens.
        events: settings for events by the name of the service.
    """
    urls = {each.name: each.url for each in services}
    values = {
        "HOST": _HOST,
        "PORT": str(service.port),
        "DATA_DIR": str(service.data),
        "ISSUER": urls[ISSUER],
        "DRAIN_SECONDS": "0",
        "DOCS": "true",
    }
    if service.name == ISSUER:
        values["GRANTED_SCOPES"] = ",".join(granted_scopes)
    if service.calls:
        values |= {f"{peer.upper()}_URL": urls[peer] for peer in service.calls}
        values |= {"OAUTH_URL": urls[ISSUER], "CLIENT_ID": service.name}
    if service.calls and service.client_secret.exists():
        values["CLIENT_SECRET"] = service.client_secret.read_text(encoding="utf-8").strip()
    values |= events.get(service.name, {})
    return {f"{service.name.upper()}_{name}": value for name, value in values.items()}

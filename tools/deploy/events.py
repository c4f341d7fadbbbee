"""Connect the services of an environment that have events to the NATS server that it names."""

from collections.abc import Iterator, Mapping

from tools.deploy.configuration import Configuration, Environment, Events, SecretKey, Volume
from tools.deploy.errors import BadFileError
from tools.deploy.known_settings import KnownSettings
from tools.deploy.manifests.release import kebab
from tools.deploy.records import ENVIRONMENT_FILE, Folder

_URL, _USER, _PASSWORD, _CA_FILE = "events_url", "events_user", "events_password", "events_ca_file"
_CA_VOLUME = "events-ca"
_CA_PATH = "/events-ca"


def connect_events(
    configurations: Mapping[str, Configuration], environment: Environment, known: KnownSettings
) -> dict[str, Configuration]:
    """Return the configurations, with settings, secret and network of `[events]` for services that have events.

    Services that have events are those with a setting `events_url`. What a service sets itself stays.
    """
    return {
        service: _connect(service, configuration, environment.events)
        if environment.events and _URL in known.defaults(service)
        else configuration
        for service, configuration in configurations.items()
    }


def check_events(folder: Folder, configurations: Mapping[str, Configuration]) -> None:
    """Refuse a service that has a user at NATS without a password, or the reverse, since it would not start.

    Raises:
        BadFileError: For the first such service.
    """
    for service, configuration in configurations.items():
        names = configuration.settings.keys() | configuration.secrets.keys()
        if (_USER in names) != (_PASSWORD in names):
            has, lacks = (_USER, f"{_PASSWORD} under [secrets]") if _USER in names else (_PASSWORD, _USER)
            raise BadFileError(folder.shown(f"{service}.toml"), f"{has} is set without {lacks}; add it")


def unconnected(folder: Folder, configurations: Mapping[str, Configuration], known: KnownSettings) -> Iterator[str]:
    """Yield a sentence for each service that has events and no NATS server: it works, and nothing is delivered."""
    for service, configuration in configurations.items():
        if _URL in known.defaults(service) and not (configuration.settings.get(_URL) or _URL in configuration.secrets):
            yield (
                f"warning: {service} has no NATS server: its events stay in its outbox, and it consumes none; add "
                f"[events] to {folder.shown(ENVIRONMENT_FILE)}"
            )


def _connect(service: str, configuration: Configuration, events: Events) -> Configuration:
    own = configuration.settings.keys() | configuration.secrets.keys()
    password = SecretKey(secret=kebab(service), key="events-password")
    settings = {_URL: events.url, _USER: service}
    volumes: dict[str, Volume] = {}
    if events.ca_secret:
        settings[_CA_FILE] = f"{_CA_PATH}/ca.crt"
        volumes[_CA_VOLUME] = Volume(path=_CA_PATH, secret=events.ca_secret)
    added = {name: value for name, value in settings.items() if name not in own}
    network = configuration.network
    return configuration.model_copy(
        update={
            "settings": {**configuration.settings, **added},
            "secrets": {**configuration.secrets, **({} if _PASSWORD in own else {_PASSWORD: password})},
            "volumes": {**volumes, **configuration.volumes},
            "network": network.model_copy(update={"to": (*network.to, *events.to)}),
        }
    )

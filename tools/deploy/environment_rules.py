"""Rules that an environment sets for the configuration of its services: client addresses, mail, API page and calls."""

from collections.abc import Mapping

from tools.deploy.configuration import Configuration, Environment
from tools.deploy.errors import BadFileError
from tools.deploy.known_settings import KnownSettings
from tools.deploy.records import ENVIRONMENT_FILE, Folder

_CONSOLE = "console"
_CLIENT_SECRET = "client_secret"  # noqa: S105  # the name of a setting
_LOOPBACK = "http://127.0.0.1:"


def check_proxies(folder: Folder, configurations: Mapping[str, Configuration], environment: Environment) -> None:
    """Refuse an ingress in an environment without `trusted_proxies`.

    The service would see the address of the ingress controller as the client of every request, and one client's
    wrong logins would lock out all others.

    Raises:
        BadFileError: For the first service with an ingress.
    """
    if environment.trusted_proxies:
        return
    for service, configuration in configurations.items():
        if configuration.ingress:
            raise _refusal(
                folder,
                service,
                "behind an [ingress] all clients share the address of the ingress controller: add the network of its "
                f'pods, such as trusted_proxies = ["10.0.0.0/8"], to {folder.shown(ENVIRONMENT_FILE)}',
            )


def check_exposure(
    folder: Folder, configurations: Mapping[str, Configuration], environment: Environment, *, known: KnownSettings
) -> None:
    """Refuse mail that goes to the log, and an API page that is public by accident.

    A setting that is not configured has its default from docs/configuration.md.

    Raises:
        BadFileError: For the first service that breaks a rule.
    """
    for service, configuration in configurations.items():
        defaults = known.defaults(service)
        if not environment.development and _mail(configuration, defaults) == _CONSOLE:
            raise _refusal(
                folder,
                service,
                "mail is `console`, which writes the tokens of password resets to the log: set mail under [settings], "
                f'for example to "smtps://USER@HOST", or development = true in {folder.shown(ENVIRONMENT_FILE)}',
            )
        if configuration.ingress and not environment.docs_public and _has_docs(configuration, defaults):
            raise _refusal(
                folder,
                service,
                "docs = true behind an [ingress] publishes the API page: set docs = false under [settings], or "
                f"docs_public = true in {folder.shown(ENVIRONMENT_FILE)}",
            )


def check_calls(folder: Folder, configurations: Mapping[str, Configuration], known: KnownSettings) -> None:
    """Refuse a service that calls others without a client secret, or at an address inside its own pod.

    A service calls others if it has a setting `client_secret`.

    Raises:
        BadFileError: For the first service that breaks a rule.
    """
    for service, configuration in configurations.items():
        defaults = known.defaults(service)
        if _CLIENT_SECRET not in defaults:
            continue
        if _CLIENT_SECRET not in configuration.secrets:
            raise _refusal(
                folder,
                service,
                "calls to other services are off without a client_secret: register the service with `ensure-client` or "
                f'`add-client` of the issuer, and add client_secret = {{ secret = "{service.replace("_", "-")}", '
                'key = "client-secret" } under [secrets]',
            )
        for name, default in defaults.items():
            given = name in configuration.settings or name in configuration.secrets
            if name.endswith("_url") and default.startswith(_LOOPBACK) and not given:
                raise _refusal(
                    folder,
                    service,
                    f"{name} is {default}, an address inside the pod: set it under [settings], for example to "
                    '"http://user-service"',
                )


def _mail(configuration: Configuration, defaults: Mapping[str, str]) -> object:
    if "mail" in configuration.secrets:
        return None
    # Services read an empty variable as one that is not set.
    return configuration.settings.get("mail") or defaults.get("mail")


def _has_docs(configuration: Configuration, defaults: Mapping[str, str]) -> bool:
    default = defaults.get("docs") == "true"
    return configuration.settings.get("docs", default) is True


def _refusal(folder: Folder, service: str, reason: str) -> BadFileError:
    return BadFileError(folder.shown(f"{service}.toml"), reason)

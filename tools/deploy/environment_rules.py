"""Rules that an environment sets for the configuration of its services: client addresses, mail and the API page."""

from collections.abc import Mapping

from tools.deploy.configuration import Configuration, Environment
from tools.deploy.errors import BadFileError
from tools.deploy.known_settings import KnownSettings
from tools.deploy.records import ENVIRONMENT_FILE, Folder

_CONSOLE = "console"


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

    A setting that is not configured counts with its default from docs/configuration.md.

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

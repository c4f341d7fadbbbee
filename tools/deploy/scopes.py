"""The scopes that the issuer grants: the union of the scopes in `scopes.json` of all services in the environment."""

from collections.abc import Mapping
from pathlib import Path

from libs.auth.scope_files import InvalidScopeFile, declared_scopes
from tools.deploy.configuration import Configuration
from tools.deploy.errors import BadFileError

SETTING = "granted_scopes"


def grant_scopes(configurations: Mapping[str, Configuration], services: Path) -> dict[str, Configuration]:
    """Return the configurations, with the setting `granted_scopes` for services that have `grants_scopes = true`.

    Scopes that are named in that setting by hand, of services from elsewhere, stay.

    Raises:
        BadFileError: a declaration is not a list of scopes.
    """
    if not any(configuration.grants_scopes for configuration in configurations.values()):
        return dict(configurations)
    try:
        declared = declared_scopes(services, configurations)
    except InvalidScopeFile as error:
        file, _, reason = str(error).partition(": ")
        raise BadFileError(file, reason) from error
    return {
        name: _grant(configuration, declared) if configuration.grants_scopes else configuration
        for name, configuration in configurations.items()
    }


def _grant(configuration: Configuration, declared: tuple[str, ...]) -> Configuration:
    own = configuration.settings.get(SETTING, ())
    named = own.split(",") if isinstance(own, str) else own if isinstance(own, tuple) else ()
    scopes = tuple(sorted({*named, *declared}))
    return configuration.model_copy(update={"settings": {**configuration.settings, SETTING: scopes}})

"""The settings of each service, read from docs/configuration.md; a test keeps that page equal to the code."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.deploy.configuration import Configuration
from tools.deploy.errors import BadFileError
from tools.deploy.records import Folder
from tools.deploy.scopes import SETTING
from tools.deploy.suggestions import suggestion

PAGE = "docs/configuration.md"
_ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \| (?:`([^`|]*)`)?", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class KnownSettings:
    """Environment variables of all services, with their defaults as text; empty for none."""

    variables: Mapping[str, str]

    @classmethod
    def read(cls, page: Path) -> "KnownSettings":
        """Read the page; a missing one lists no settings."""
        return cls(variables=dict(_ROW.findall(page.read_text(encoding="utf-8"))) if page.exists() else {})

    def defaults(self, service: str) -> dict[str, str]:
        """Return the default of each setting of a service, named in lower case and without the prefix."""
        prefix = f"{service.upper()}_"
        return {
            name.removeprefix(prefix).lower(): default
            for name, default in self.variables.items()
            if name.startswith(prefix)
        }


def check_settings(folder: Folder, configurations: Mapping[str, Configuration], known: KnownSettings) -> None:
    """Refuse settings that the service does not have, and those of a service that the page does not list.

    Raises:
        BadFileError: For the first such setting.
    """
    for service, configuration in configurations.items():
        names = list(known.defaults(service))
        granted = [SETTING] if configuration.grants_scopes else []
        for name in [*configuration.settings, *configuration.secrets, *granted]:
            if name not in names:
                raise BadFileError(folder.shown(f"{service}.toml"), _reason(service, name, names))


def _reason(service: str, name: str, known: list[str]) -> str:
    if not known:
        printed = f"`bazel run //services/{service} -- settings` prints"
        return f"{PAGE} has no settings of {service}; add what {printed}"
    return f"{service} has no setting {name}; {suggestion(name, known) or f'{PAGE} lists them'}"

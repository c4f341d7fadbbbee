"""The settings that services have, from the page that lists them and that a test keeps as the code is."""

import re
from collections.abc import Mapping
from pathlib import Path

from tools.deploy.configuration import Configuration
from tools.deploy.errors import BadFileError
from tools.deploy.records import Folder
from tools.deploy.suggestions import suggestion

PAGE = "docs/configuration.md"
_ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \|", re.MULTILINE)


def check_settings(folder: Folder, configurations: Mapping[str, Configuration], page: Path) -> None:
    """Refuse settings that no service would read, and those of a service that is not on the page.

    Raises BadFileError for the first.
    """
    listed = _ROW.findall(page.read_text(encoding="utf-8")) if page.exists() else []
    for service, configuration in configurations.items():
        prefix = f"{service.upper()}_"
        known = [name.removeprefix(prefix).lower() for name in listed if name.startswith(prefix)]
        for name in [*configuration.settings, *configuration.secrets]:
            if name not in known:
                raise BadFileError(folder.shown(f"{service}.toml"), _reason(service, name, known))


def _reason(service: str, name: str, known: list[str]) -> str:
    if not known:
        printed = f"`bazel run //services/{service} -- settings` prints"
        return f"{PAGE} has no settings of {service}; add what {printed}"
    return f"{service} has no setting {name}; {suggestion(name, known) or f'{PAGE} lists them'}"

"""The settings that services have, from the page that lists them and that a test keeps as the code is."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.deploy.configuration import Configuration
from tools.deploy.errors import BadFileError
from tools.deploy.records import Folder

PAGE = "docs/configuration.md"
_ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \|", re.MULTILINE)


def check_settings(folder: Folder, configurations: Mapping[str, Configuration], page: Path) -> None:
    """Refuse settings that no service would read; one whose settings are not on the page is believed.

    Raises BadFileError for the first.
    """
    listed = _ROW.findall(page.read_text(encoding="utf-8")) if page.exists() else []
    for service, configuration in configurations.items():
        prefix = f"{service.upper()}_"
        known = [name.removeprefix(prefix).lower() for name in listed if name.startswith(prefix)]
        for name in _unknown([*configuration.settings, *configuration.secrets], known):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"{PAGE} lists them"
            raise BadFileError(folder.shown(f"{service}.toml"), f"{service} has no setting {name}; {hint}")


def _unknown(names: Iterable[str], known: list[str]) -> list[str]:
    return [name for name in names if known and name not in known]

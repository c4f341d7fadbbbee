"""Which package index this machine uses, by pip's own settings: no address is written here."""

import configparser
from collections.abc import Mapping
from pathlib import Path

_SECTIONS = ("install", "global")


class IndexSettingsError(Exception):
    """The settings of pip name indexes that the locks are not made from; the message is one sentence with the fix."""


def check_index_settings(environment: Mapping[str, str]) -> None:
    """Reject a second index: pip takes the newest file of all indexes, so a public one could replace a private package.

    `extra-index-url` in pip's files is no error, because it often serves other projects on the machine; it is not used.

    Raises:
        IndexSettingsError: PIP_EXTRA_INDEX_URL is set. Its value is not repeated, since it may hold a password.
    """
    if environment.get("PIP_EXTRA_INDEX_URL"):
        raise IndexSettingsError(
            "PIP_EXTRA_INDEX_URL is set, but locks are made from a single index: unset it, and set PIP_INDEX_URL to an "
            "index that serves your packages and those of PyPI (docs/private-index.md)."
        )


def configured_index(environment: Mapping[str, str]) -> str | None:
    """Return `index-url` as pip would see it, or None if it is not set.

    Extra indexes and find-links are left out on purpose: they are particular to a machine, and what
    they hold may not be what others get under the same name.
    """
    named = environment.get("PIP_INDEX_URL")
    if named:
        return named
    parser = configparser.RawConfigParser(strict=False)
    parser.read(_config_files(environment), encoding="utf-8")
    for section in _SECTIONS:
        if parser.has_option(section, "index-url"):
            return parser.get(section, "index-url")
    return None


def _config_files(environment: Mapping[str, str]) -> list[Path]:
    """List pip's files from the weakest to the strongest; missing ones are no fault."""
    home = Path(environment.get("HOME", "/"))
    config = Path(environment.get("XDG_CONFIG_HOME", home / ".config"))
    files = [Path("/etc/pip.conf"), home / ".pip/pip.conf", config / "pip/pip.conf"]
    named = environment.get("PIP_CONFIG_FILE")
    return [*files, Path(named)] if named else files

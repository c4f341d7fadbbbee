"""Finding the package index in pip's settings."""

from pathlib import Path

import pytest

from tools.requirements.index import IndexSettingsError, check_index_settings, configured_index


def _configured(folder: Path, text: str) -> dict[str, str]:
    config = folder / ".config/pip/pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text(text, encoding="utf-8")
    return {"HOME": str(folder)}


def test_the_variable_comes_first(tmp_path: Path) -> None:
    """PIP_INDEX_URL is stronger than a file, as with pip."""
    environment = _configured(tmp_path, "[global]\nindex-url = http://file.example/simple\n")
    environment["PIP_INDEX_URL"] = "http://variable.example/simple"
    assert configured_index(environment) == "http://variable.example/simple"


def test_a_configuration_file_counts(tmp_path: Path) -> None:
    """index-url of the user's pip.conf is found."""
    environment = _configured(tmp_path, "[global]\nindex-url = http://file.example/simple\n")
    assert configured_index(environment) == "http://file.example/simple"


def test_extra_indexes_and_links_do_not_count(tmp_path: Path) -> None:
    """Locks do not depend on an extra index or a folder of wheels that one machine has."""
    text = "[global]\nextra-index-url = http://extra.example\nfind-links = /opt/wheels\n"
    assert configured_index(_configured(tmp_path, text)) is None


def test_an_extra_index_by_variable_is_rejected() -> None:
    """PIP_EXTRA_INDEX_URL is an error that names the page with the alternative and keeps the password secret."""
    environment = {"PIP_EXTRA_INDEX_URL": "https://user:secret@extra.example/simple"}
    with pytest.raises(IndexSettingsError, match=r"PIP_EXTRA_INDEX_URL is set.*PIP_INDEX_URL") as rejected:
        check_index_settings(environment)
    assert "docs/private-index.md" in str(rejected.value)
    assert "secret" not in str(rejected.value)


def test_an_extra_index_in_a_file_is_no_error(tmp_path: Path) -> None:
    """extra-index-url of pip.conf may be meant for other projects, so it does not stop an update."""
    check_index_settings(_configured(tmp_path, "[global]\nextra-index-url = http://extra.example\n"))
    check_index_settings({"PIP_EXTRA_INDEX_URL": ""})


def test_a_named_file_is_stronger_than_the_users(tmp_path: Path) -> None:
    """PIP_CONFIG_FILE is read last."""
    environment = _configured(tmp_path, "[global]\nindex-url = http://user.example\n")
    named = tmp_path / "named.conf"
    named.write_text("[global]\nindex-url = http://named.example\n", encoding="utf-8")
    environment["PIP_CONFIG_FILE"] = str(named)
    assert configured_index(environment) == "http://named.example"

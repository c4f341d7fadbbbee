"""Finding the package index in pip's settings."""

from pathlib import Path

from tools.requirements.index import configured_index


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
    """A folder of wheels on one machine must not decide what everybody gets."""
    text = "[global]\nextra-index-url = http://extra.example\nfind-links = /opt/wheels\n"
    assert configured_index(_configured(tmp_path, text)) is None


def test_a_named_file_is_stronger_than_the_users(tmp_path: Path) -> None:
    """PIP_CONFIG_FILE is read last."""
    environment = _configured(tmp_path, "[global]\nindex-url = http://user.example\n")
    named = tmp_path / "named.conf"
    named.write_text("[global]\nindex-url = http://named.example\n", encoding="utf-8")
    environment["PIP_CONFIG_FILE"] = str(named)
    assert configured_index(environment) == "http://named.example"

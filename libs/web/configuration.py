"""Documentation of the settings, and their current values, as text."""

from collections.abc import Iterator

from pydantic_core import PydanticUndefined

from libs.web.logs import redact
from libs.web.settings import WebSettings


def prefix_of(settings: type[WebSettings]) -> str:
    """Return the prefix of the names of the environment variables."""
    return settings.model_config.get("env_prefix", "")


def table(settings: type[WebSettings]) -> str:
    """Return a Markdown table of all settings: variable, default and description."""
    rows = "".join(f"| `{name}` | {default} | {meaning} |\n" for name, default, meaning in _rows(settings))
    return f"| Variable | Default | Meaning |\n| --- | --- | --- |\n{rows}"


def effective(settings: WebSettings) -> str:
    """Every setting with its value, a line each, in a form that a shell and a settings file take; secrets masked."""
    prefix = prefix_of(type(settings))
    values = redact(None, "", {name: _text(value) for name, value in settings.model_dump(mode="json").items()})
    return "".join(f"{prefix}{name.upper()}={value}\n" for name, value in values.items())


def _rows(settings: type[WebSettings]) -> Iterator[tuple[str, str, str]]:
    for name, field in settings.model_fields.items():
        default = field.default
        shown = "required" if default is PydanticUndefined else f"`{_text(default)}`" if _text(default) else "empty"
        yield f"{prefix_of(settings)}{name.upper()}", shown, field.description or ""


def _text(value: object) -> str:
    """Return the value as it is written in the environment."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)

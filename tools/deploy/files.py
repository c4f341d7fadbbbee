"""Read TOML and JSON strictly, and write files atomically."""

import json
import os
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tools.deploy.errors import BadFileError
from tools.deploy.suggestions import suggestion


class Part(BaseModel):
    """Base of the models: unknown keys and other types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


P = TypeVar("P", bound=Part)


def read_toml(path: Path, kind: type[P], *, shown: str) -> P:
    """Read a TOML file; `shown` is its name in errors.

    Raises:
        BadFileError: The file is missing, not TOML, or does not match the model.
    """
    try:
        return parse_toml(read_text(path, shown=shown), kind, shown=shown)
    except FileNotFoundError as error:
        raise BadFileError(shown, "there is no such file") from error


def read_text(path: Path, *, shown: str) -> str:
    """Return the text of a file; raises BadFileError if it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadFileError(shown, "not UTF-8") from error


def parse_toml(text: str, kind: type[P], *, shown: str) -> P:
    """Parse a TOML text; raises BadFileError."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFileError(shown, f"not TOML: {error}") from error
    # Only in JSON does strict mode accept a list for a tuple.
    return read_json(json.dumps(content, default=str), kind, shown=shown)


def read_json(text: str, kind: type[P], *, shown: str) -> P:
    """Parse a JSON text; raises BadFileError."""
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise BadFileError(shown, _sentence(error)) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file atomically, by renaming a draft."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name is fixed, so that the next run replaces the draft of a killed one.
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError as error:
        # An error of write or fsync has no file name, and leaves a partial draft.
        with suppress(OSError):
            draft.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error


def _sentence(error: ValidationError) -> str:
    """Return all findings without the values, one of which may be a password."""
    said = "; ".join(_finding(each) for each in error.errors(include_input=False, include_url=False))
    return " ".join(said.split())


def _finding(error: Any) -> str:  # noqa: ANN401 - pydantic's TypedDict is in a private module
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        hint = suggestion(str(error["loc"][-1]), _known_keys())
        return f"{place} is no key here" + (f"; {hint}" if hint else "")
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:] if message[1:2].islower() else message
    return f"{place}: {message}" if place else message


def _known_keys() -> list[str]:
    return sorted({name for part in Part.__subclasses__() for name in part.model_fields})

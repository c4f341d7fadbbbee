"""Files that people write and files that we write: read strictly, written as a whole or not at all."""

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
    """Base of everything that a file holds: no other keys, no other types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


P = TypeVar("P", bound=Part)


def read_toml(path: Path, kind: type[P], *, shown: str) -> P:
    """What a TOML file says; `shown` is its name in errors.

    Raises:
        BadFileError: it is not there, not TOML, or says something else.
    """
    try:
        return parse_toml(read_text(path, shown=shown), kind, shown=shown)
    except FileNotFoundError as error:
        raise BadFileError(shown, "there is no such file") from error


def read_text(path: Path, *, shown: str) -> str:
    """A file's text; raises BadFileError where it is none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadFileError(shown, "not UTF-8") from error


def parse_toml(text: str, kind: type[P], *, shown: str) -> P:
    """What a TOML text says; raises BadFileError."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFileError(shown, f"not TOML: {error}") from error
    # By way of JSON, whose strict reading takes a list for a tuple.
    return read_json(json.dumps(content, default=str), kind, shown=shown)


def read_json(text: str, kind: type[P], *, shown: str) -> P:
    """What a JSON text says; raises BadFileError."""
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise BadFileError(shown, _sentence(error)) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file so that at any moment there is the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name: what a killed run left is taken over by the next.
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError as error:
        # A full disk does not say which file, and keeps the half of it.
        with suppress(OSError):
            draft.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error


def _sentence(error: ValidationError) -> str:
    """All that is wrong, without the values: one of them may be a password in the wrong place."""
    said = "; ".join(_finding(each) for each in error.errors(include_input=False, include_url=False))
    return " ".join(said.split())


def _finding(error: Any) -> str:  # noqa: ANN401 - pydantic's own TypedDict lies in a private module
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        hint = suggestion(str(error["loc"][-1]), _known_keys())
        return f"{place} is no key here" + (f"; {hint}" if hint else "")
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:] if message[1:2].islower() else message
    return f"{place}: {message}" if place else message


def _known_keys() -> list[str]:
    return sorted({name for part in Part.__subclasses__() for name in part.model_fields})

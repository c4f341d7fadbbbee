"""The names of settings in the environment and in settings files, and warnings about unknown names."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from libs.web.configuration import prefix_of
from libs.web.errors import StartupError
from libs.web.settings import WebSettings

_LINE = re.compile(
    r"""(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
    (?:'(?:[^'\\]|\\.)*'\s*(?:\#.*)?|"(?:[^"\\]|\\.)*"\s*(?:\#.*)?|[^'"\s].*|)""",
    re.VERBOSE,
)
# Variables that Kubernetes sets for each Service of the namespace. PORT itself is a setting of the service.
_LINK_NAME = re.compile(
    r"(?:.*_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_LINK_VALUE = re.compile(r"(?:tcp|udp|sctp)://")


def names_in_file(file: Path) -> tuple[str, ...]:
    """Return the names that a settings file sets, one `NAME=value` a line.

    Raises:
        StartupError: the file cannot be read, or a line has another form.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise StartupError(f"the settings file {file} cannot be read: {error.strerror}") from error
    except UnicodeError as error:
        raise StartupError(f"the settings file {file} is not UTF-8 text") from error
    return tuple(_names(file, lines))


def check_encoding(settings: type[WebSettings], environment: Mapping[str, str]) -> None:
    """Check the settings in the environment, where bytes that are not UTF-8 become lone surrogates.

    Raises:
        StartupError: a setting is not UTF-8 text.
    """
    known = _known(settings)
    for name, value in environment.items():
        if name.upper() in known and any("\ud800" <= character <= "\udfff" for character in value):
            raise StartupError(f"{name}: is not UTF-8 text")


def unknown_settings(
    settings: type[WebSettings], environment: Mapping[str, str], in_file: Iterable[str] = ()
) -> Iterator[str]:
    """Yield a warning for each variable that has the prefix of the service and is not a setting.

    In the environment those are the variables with the service's prefix, except for Kubernetes' links to Services. In a
    file, which services may share, they are also names that lack the prefix.
    """
    prefix = prefix_of(settings)
    known = _known(settings)
    linked = {name for name, value in environment.items() if _is_service_link(name.upper().removeprefix(prefix), value)}
    candidates = [name for name in environment if name.upper().startswith(prefix) and name not in linked]
    candidates += [name for name in in_file if name.upper().startswith(prefix) or f"{prefix}{name}".upper() in known]
    for name in sorted({*candidates}):
        if name.upper() not in known:
            yield f"{name} is not a setting{_suggestion(name.upper(), prefix, known)}"


def _known(settings: type[WebSettings]) -> set[str]:
    return {f"{prefix_of(settings)}{field}".upper() for field in settings.model_fields}


def _names(file: Path, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            found = _LINE.fullmatch(text)
            if found is None:
                raise StartupError(f"the settings file {file} has no NAME=value in line {number}")
            yield found["name"]


def _is_service_link(name: str, value: str) -> bool:
    return _LINK_NAME.fullmatch(name) is not None or (name.endswith("PORT") and _LINK_VALUE.match(value) is not None)


def _suggestion(name: str, prefix: str, known: Iterable[str]) -> str:
    """Compare without the prefix: all names share it, so every name would be similar."""
    fields = [each.removeprefix(prefix) for each in known]
    near = difflib.get_close_matches(name.removeprefix(prefix), fields, n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else " of this service; the command `settings` lists them"

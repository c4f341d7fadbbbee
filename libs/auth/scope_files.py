"""The scopes that services declare for every user: `services/<name>/scopes.json`, a JSON list.

A service checks its scopes; the issuer grants them. `//:dev` and `//deploy` read the declarations and pass them to the
issuer as its setting `granted_scopes`, so that neither service names the other. The module uses the standard library
only, because build tools import it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_FILE = "scopes.json"
_SCOPE = re.compile(r"[a-z][a-z0-9_.-]*:[a-z][a-z0-9_.:-]*")


class InvalidScopeFile(ValueError):
    """A declaration is not a JSON list of scopes such as `products:read`; the text names the file and the reason."""


def declared_scopes(services: Path, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the scopes that services declare, sorted; a service without the file declares none.

    Args:
        services: The folder `services`, in a working tree or in runfiles.
        names: The services to read; by default all that are there.

    Raises:
        InvalidScopeFile: a declaration cannot be read.
    """
    files = services.glob(f"*/{_FILE}") if names is None else [services / name / _FILE for name in names]
    return tuple(sorted({scope for file in files if file.exists() for scope in _read(file)}))


def required_scopes(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the scopes that the operations of an OpenAPI document require."""
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    requirements = [each for operation in operations for each in operation.get("security", ())]
    return frozenset(scope for each in requirements for scopes in each.values() for scope in scopes)


def _read(file: Path) -> list[str]:
    shown = "/".join(file.parts[-3:])
    try:
        scopes = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidScopeFile(f"{shown}: not a JSON list of scopes") from error
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise InvalidScopeFile(f"{shown}: not a JSON list of scopes")
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise InvalidScopeFile(f"{shown}: {scope!r} is not a scope such as products:read")
    return scopes

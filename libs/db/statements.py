"""Statements as constant text: what each driver is given, and in which order it takes the values.

No statement holds a value: where one goes stands `:name`. So text is only ever put together from
constants, and each text is known to its driver after the first use.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

Values = Mapping[str, object]

# What stands in quotes is data, and `::` is a cast.
_NAME = re.compile(r"'[^']*'|::|:(\w+)")


class Either(NamedTuple):
    """A piece of a statement that the databases spell differently."""

    sqlite: str
    postgres: str


@dataclass(frozen=True, slots=True)
class Text:
    """A statement as one driver takes it, with the names of its values in the order of their numbers."""

    sql: str
    names: Sequence[str]

    def arguments(self, values: Values) -> list[object]:
        """The values in that order; what has no place is left out. A name without a value raises KeyError."""
        return [values[name] for name in self.names]


class Statement:
    """Pieces of SQL, joined by spaces, with `:name` for each value. Make it once, as a constant."""

    def __init__(self, *pieces: str | Either) -> None:
        self._pieces = pieces

    @cached_property
    def sqlite(self) -> Text:
        """As sqlite3 takes it."""
        return _text((piece.sqlite if isinstance(piece, Either) else piece for piece in self._pieces), sign="?")

    @cached_property
    def postgres(self) -> Text:
        """As asyncpg takes it."""
        return _text((piece.postgres if isinstance(piece, Either) else piece for piece in self._pieces), sign="$")

    @cached_property
    def writes(self) -> bool:
        """Whether SQLite's writer has to run it; whatever is no SELECT might write."""
        return self.sqlite.sql.split(maxsplit=1)[0] != "SELECT"


def insertion(table: str, columns: Sequence[str]) -> Statement:
    """Stores one row; each value has the name of its column."""
    return Statement("INSERT INTO", table, "(", ", ".join(columns), ") VALUES (:" + ", :".join(columns) + ")")


def _text(pieces: Iterable[str], *, sign: str) -> Text:
    numbers: dict[str, int] = {}

    def placeholder(found: re.Match[str]) -> str:
        name = found[1]
        return found[0] if name is None else f"{sign}{numbers.setdefault(name, len(numbers) + 1)}"

    return Text(_NAME.sub(placeholder, " ".join(pieces)), tuple(numbers))

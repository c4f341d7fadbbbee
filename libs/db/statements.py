"""SQLAlchemy statements turned once into the text and the value order that a driver takes.

SQLAlchemy's own execution costs six times what the drivers cost; its compiler, run once for each
statement, costs nothing. So statements are written as constants with `bindparam`s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ClauseElement, UpdateBase
from sqlalchemy.engine import Dialect

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Compiled:
    """One statement for one driver: its text, and the names of its values in their order."""

    sql: str
    names: Sequence[str]
    literals: Values
    writes: bool

    def arguments(self, values: Values) -> list[object]:
        """The values in the order of the placeholders. A name without a value raises KeyError."""
        literals = self.literals
        return [literals[name] if name in literals else values[name] for name in self.names]


class Compiler:
    """Compiles for one dialect and remembers every statement, so make them constants."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._compiled: dict[ClauseElement, Compiled] = {}

    def __call__(self, statement: ClauseElement) -> Compiled:
        """The text and value order of `statement`."""
        found = self._compiled.get(statement)
        if found is None:
            found = self._compiled[statement] = self._compile(statement)
        return found

    def _compile(self, statement: ClauseElement) -> Compiled:
        compiled = statement.compile(dialect=self._dialect)
        names = tuple(getattr(compiled, "positiontup", None) or ())
        binds, values = getattr(compiled, "binds", {}), compiled.params
        literals = {name: values[name] for name in names if not binds[name].required}
        return Compiled(str(compiled), names, literals, isinstance(statement, UpdateBase))

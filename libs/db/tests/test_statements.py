"""Statements as the drivers take them."""

import pytest

from libs.db.statements import Either, Statement, insertion


@pytest.mark.parametrize(
    ("sql", "postgres", "names"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("SELECT a FROM t WHERE b = :b AND c < :c", "SELECT a FROM t WHERE b = $1 AND c < $2", ("b", "c")),
        ("UPDATE t SET a = :a, b = :a WHERE c = :c", "UPDATE t SET a = $1, b = $1 WHERE c = $2", ("a", "c")),
        ("SELECT ':a', '''', ':* & ' || :b", "SELECT ':a', '''', ':* & ' || $1", ("b",)),
        ("SELECT a::text, :b::bigint", "SELECT a::text, $1::bigint", ("b",)),
        ("SELECT :a1,:a2", "SELECT $1,$2", ("a1", "a2")),
    ],
)
def test_each_name_has_a_number(sql: str, postgres: str, names: tuple[str, ...]) -> None:
    """In the order in which they come, the same name the same number; quotes and casts are left alone."""
    statement = Statement(sql)
    assert (statement.postgres.sql, statement.postgres.names) == (postgres, names)
    assert (statement.sqlite.sql, statement.sqlite.names) == (postgres.replace("$", "?"), names)


def test_values_come_in_the_order_of_their_numbers() -> None:
    """What the statement does not name is left out; what it names has to be there."""
    text = Statement("SELECT :b, :a, :b").sqlite
    assert text.arguments({"a": 1, "b": None, "c": 3}) == [None, 1]
    with pytest.raises(KeyError, match="b"):
        text.arguments({"a": 1})


def test_a_piece_may_differ() -> None:
    """Each database has its own spelling, and its own order of the values."""
    statement = Statement("SELECT", Either(sqlite=":a, :b", postgres=":b, :a"), "LIMIT :n")
    assert (statement.sqlite.sql, statement.sqlite.names) == ("SELECT ?1, ?2 LIMIT ?3", ("a", "b", "n"))
    assert (statement.postgres.sql, statement.postgres.names) == ("SELECT $1, $2 LIMIT $3", ("b", "a", "n"))


def test_an_insertion_names_each_value_for_its_column() -> None:
    """So that a dataclass can be stored by its fields."""
    assert insertion("t", ("a", "b")).sqlite.sql == "INSERT INTO t ( a, b ) VALUES (?1, ?2)"


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("SELECT 1", False),
        ("\n    SELECT\n1", False),
        ("INSERT INTO t VALUES (1)", True),
        ("\n    UPDATE t SET a = 1", True),
        ("DELETE FROM t", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", True),
    ],
)
def test_only_what_selects_goes_to_a_reader(sql: str, *, writes: bool) -> None:
    """Of anything else SQLite's writer takes care."""
    assert Statement(sql).writes is writes

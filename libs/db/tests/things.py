"""Statements on the tables of these tests, as revision 0001 knew them: without the column that came later."""

from libs.db.statements import Statement, insertion

ADD = insertion("things", ("id", "box_id", "amount"))
READ = Statement("SELECT id, amount FROM things WHERE id = :id")
ALL = Statement("SELECT id, amount FROM things ORDER BY id")
ADD_ONE = Statement("UPDATE things SET amount = amount + 1 WHERE id = :id RETURNING amount")
SET = Statement("UPDATE things SET amount = :amount WHERE id = :id")

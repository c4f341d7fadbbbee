"""The audit log, with triggers that reject changes of its rows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SQLITE = """
    CREATE TRIGGER audit_entries_no_{0} BEFORE {0} ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END
"""
_REFUSAL = """
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log is append only' USING ERRCODE = 'integrity_constraint_violation'; END $$
"""
_POSTGRES = """
    CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
"""


def upgrade() -> None:
    """Add the table and the triggers."""
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
    )
    op.create_index("audit_entries_by_time", "audit_entries", ["at", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSAL)
        op.execute(_POSTGRES)
    else:
        for event in ("update", "delete"):
            op.execute(_SQLITE.format(event))

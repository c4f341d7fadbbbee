"""A second step that fails."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Change a table, then fail."""
    op.execute("INSERT INTO things (id) VALUES ('half-way')")
    op.execute("INSERT INTO nothing (id) VALUES ('no such table')")

"""A first step that succeeds."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create a table."""
    op.create_table("things", sa.Column("id", sa.String(36), primary_key=True))

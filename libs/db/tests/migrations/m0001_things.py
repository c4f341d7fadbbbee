"""Things, each in a box or in none."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of the tests."""
    op.create_table(
        "boxes",
        sa.Column("id", sa.String(36), primary_key=True),
    )
    op.create_table(
        "things",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("box_id", sa.String(36), sa.ForeignKey("boxes.id")),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.BigInteger),
        sa.CheckConstraint("amount >= 0", name="things_amount_check"),
    )

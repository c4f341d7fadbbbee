"""A column that the code of revision 0001 does not use."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add it so that older code can still insert."""
    op.add_column("things", sa.Column("colour", sa.String(20)))

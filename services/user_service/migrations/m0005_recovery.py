"""One-time tokens that go out by mail, and whether an address was verified by one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table of tokens and the moment of verification."""
    op.add_column("users", sa.Column("verified_at", sa.BigInteger))
    op.create_table(
        "one_time_tokens",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("one_time_tokens_by_user", "one_time_tokens", ["user_id", "purpose"])
    op.create_index("one_time_tokens_by_end", "one_time_tokens", ["expires_at"])

"""An index by which expired refresh tokens are found."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index("refresh_grants_by_end", "refresh_grants", ["family_expires_at"])

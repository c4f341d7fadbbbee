"""A case-folded name of each user, for searches."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column of the folded name and fill it for all existing users."""
    op.add_column("users", sa.Column("name_key", sa.Text))
    users = sa.table("users", sa.column("id"), sa.column("name"), sa.column("name_key"))
    connection = op.get_bind()
    for user_id, name in connection.execute(sa.select(users.c.id, users.c.name)).all():
        folded = unicodedata.normalize("NFKC", name).casefold()
        connection.execute(sa.update(users).where(users.c.id == user_id).values(name_key=folded))

"""Reservations as rows, and one table of idempotency keys, with the answers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# The answer to an import is its number of rows.
_COPY = """
    INSERT INTO idempotency_keys (owner_id, key, request_digest, product_id, created_at, response)
    SELECT owner_id, key, request_digest, '', created_at, '{"imported":' || imported || '}' FROM import_keys
    WHERE NOT EXISTS (
        SELECT 1 FROM idempotency_keys AS kept WHERE kept.owner_id = import_keys.owner_id AND kept.key = import_keys.key
    )
"""


def upgrade() -> None:
    """Add the table and the column. `import_keys` stays for code of revision 0003."""
    op.create_table(
        "reservations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("product_id", sa.String(36), nullable=False),
        sa.Column("buyer_id", sa.String(255), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("quantity > 0", name="reservations_quantity_check"),
    )
    op.create_index("reservations_by_expiry", "reservations", ["expires_at"])
    op.add_column("idempotency_keys", sa.Column("response", sa.Text))
    op.create_index("idempotency_keys_by_time", "idempotency_keys", ["created_at"])
    # `:` begins a bound parameter in alembic's own reading of text.
    op.execute(sa.text(_COPY.replace(":", r"\:")))

"""The catalogue's tables, and the revision of them that this code needs."""

import sqlalchemy as sa

from libs.db.columns import identifier, moment

SCHEMA_REVISION = "0003"

metadata = sa.MetaData()

products = sa.Table(
    "products",
    metadata,
    sa.Column("id", identifier(), primary_key=True),
    sa.Column("owner_id", sa.String(255), nullable=False),
    # Sorted by code points, as SQLite does, whatever the locale of the database.
    sa.Column("name", sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql"), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("price_cents", sa.BigInteger, nullable=False),
    sa.Column("stock", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_at", moment(), nullable=False),
    sa.Column("updated_at", moment(), nullable=False),
    sa.Column("deleted_at", moment()),
    sa.CheckConstraint("price_cents >= 0", name="products_price_cents_check"),
    sa.CheckConstraint("stock >= 0", name="products_stock_check"),
    sa.Index("products_by_creation", "created_at", "id"),
    sa.Index("products_by_owner", "owner_id", "created_at", "id"),
    sa.Index("products_by_price", "price_cents", "id"),
    sa.Index("products_by_name", "name", "id"),
)

# The words themselves are in `search_words`, an FTS5 table on SQLite and a tsvector here on PostgreSQL; see m0002.
product_words = sa.Table(
    "product_words",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
    sa.Column("product_id", identifier(), nullable=False, unique=True),
    sa.Column("is_stale", sa.BigInteger, nullable=False),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("owner_id", sa.String(255), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("request_digest", sa.String(64), nullable=False),
    sa.Column("product_id", identifier(), nullable=False),
    sa.Column("created_at", moment(), nullable=False),
)

import_keys = sa.Table(
    "import_keys",
    metadata,
    sa.Column("owner_id", sa.String(255), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("request_digest", sa.String(64), nullable=False),
    sa.Column("imported", sa.BigInteger, nullable=False),
    sa.Column("created_at", moment(), nullable=False),
)

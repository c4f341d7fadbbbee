"""Sorting by price and name, and the words by which products are found.

Triggers mark the products whose words are missing or out of date; the service fills them in before it searches. So code
of revision 0001, which does not use the table, continues to work, and the products that it changes are found.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SQLITE = (
    # The service splits the text into words; characters outside ASCII belong to words. Positions are not stored.
    "CREATE VIRTUAL TABLE search_words USING fts5(words, tokenize='ascii', detail='none', columnsize=0)",
    # The trigger does not write the index: SQLite forbids that to triggers if the schema is not trusted.
    """CREATE TRIGGER product_added AFTER INSERT ON products BEGIN
        INSERT INTO product_words (product_id, is_stale) VALUES (new.id, 1);
    END""",
    """CREATE TRIGGER product_changed AFTER UPDATE OF name, description ON products
    WHEN new.name IS NOT old.name OR new.description IS NOT old.description BEGIN
        UPDATE product_words SET is_stale = 1 WHERE product_id = new.id;
    END""",
)
_POSTGRES = (
    # Sort by code point, as SQLite does, regardless of the locale of the database.
    'ALTER TABLE products ALTER COLUMN name TYPE varchar(200) COLLATE "C"',
    "ALTER TABLE product_words ADD COLUMN search_words tsvector",
    "CREATE INDEX search_words ON product_words USING gin (search_words)",
    """CREATE FUNCTION note_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO product_words (product_id, is_stale) VALUES (NEW.id, 1)
        ON CONFLICT (product_id) DO UPDATE SET is_stale = 1;
        RETURN NULL;
    END $$""",
    "CREATE TRIGGER product_added AFTER INSERT ON products FOR EACH ROW EXECUTE FUNCTION note_words()",
    """CREATE TRIGGER product_changed AFTER UPDATE OF name, description ON products FOR EACH ROW
    WHEN ((NEW.name, NEW.description) IS DISTINCT FROM (OLD.name, OLD.description)) EXECUTE FUNCTION note_words()""",
)


def upgrade() -> None:
    """Add the indexes, and note all products as having no words yet."""
    op.create_table(
        "product_words",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
        sa.Column("product_id", sa.String(36), nullable=False, unique=True),
        sa.Column("is_stale", sa.BigInteger, nullable=False),
    )
    stale = sa.text("is_stale = 1")
    op.create_index("search_stale", "product_words", ["number"], sqlite_where=stale, postgresql_where=stale)
    op.execute("INSERT INTO product_words (product_id, is_stale) SELECT id, 1 FROM products")
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES:
        op.execute(statement)
    op.create_index("products_by_price", "products", ["price_cents", "id"])
    op.create_index("products_by_name", "products", ["name", "id"])

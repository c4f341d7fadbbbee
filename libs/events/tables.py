"""The tables of events. A service adds them to its own metadata, and so to its own migrations.

add_event_tables(Base.metadata)
"""

import sqlalchemy as sa

from libs.db.types import Timestamp

_METADATA = sa.MetaData()

OUTBOX = sa.Table(
    "event_outbox",
    _METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("aggregate", sa.String(255), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("nats_subject", sa.String(255), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("recorded_at", Timestamp, nullable=False),
    sa.Column("published_at", Timestamp),
    sa.Index(
        "event_outbox_unpublished",
        "number",
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    ),
    sa.Index("event_outbox_by_time", "recorded_at"),
)
"""Events of this service. `published_at` is when JetStream acknowledged the last publication; NULL before."""

INBOX = sa.Table(
    "event_inbox",
    _METADATA,
    sa.Column("consumer", sa.String(64), primary_key=True),
    sa.Column("event_id", sa.String(64), primary_key=True),
    sa.Column("applied_at", Timestamp, nullable=False),
    sa.Index("event_inbox_by_time", "applied_at"),
)
"""Events that a consumer has applied, or has skipped as stale."""

VERSIONS = sa.Table(
    "event_versions",
    _METADATA,
    sa.Column("consumer", sa.String(64), primary_key=True),
    sa.Column("aggregate", sa.String(255), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)
"""The newest version of each aggregate that a consumer has applied. Rows are kept as long as the database."""

LEASES = sa.Table(
    "event_leases",
    _METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)
"""Who may do what only one process does at a time, until `expires_at` (microseconds since 1970)."""


def add_event_tables(metadata: sa.MetaData) -> None:
    """Add the tables to the metadata of a service."""
    for table in _METADATA.sorted_tables:
        table.to_metadata(metadata)

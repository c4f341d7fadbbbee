"""The service's tables, and the revision of them that this code needs."""

import sqlalchemy as sa

from libs.db.columns import identifier, moment

SCHEMA_REVISION = "0005"

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", identifier(), primary_key=True),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("email_key", sa.String(254), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("role_names", sa.String(255), nullable=False),
    sa.Column("password_changed_at", moment(), nullable=False),
    sa.Column("locked_at", moment()),
    sa.Column("created_at", moment(), nullable=False),
    sa.Column("updated_at", moment(), nullable=False),
    # Empty for users that code of revision 3 registers while it is being replaced.
    sa.Column("name_key", sa.Text),
    sa.Column("verified_at", moment()),
    sa.Index("users_by_email_key", "email_key", unique=True),
    sa.Index("users_by_creation", "created_at", "id"),
)

refresh_grants = sa.Table(
    "refresh_grants",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("family", sa.String(64), nullable=False),
    sa.Column("subject", identifier(), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("issued_at", moment(), nullable=False),
    sa.Column("expires_at", moment(), nullable=False),
    sa.Column("family_expires_at", moment(), nullable=False),
    sa.Column("used_at", moment()),
    sa.Column("revoked_at", moment()),
    sa.Index("refresh_grants_by_family", "family"),
    sa.Index("refresh_grants_by_subject", "subject"),
)

clients = sa.Table(
    "clients",
    metadata,
    sa.Column("client_id", identifier(), primary_key=True),
    sa.Column("secret_digest", sa.String(64), nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", moment(), nullable=False),
)

audit_entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("id", identifier(), primary_key=True),
    sa.Column("at", moment(), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("target", sa.String(64), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Index("audit_entries_by_time", "at", "id"),
)

one_time_tokens = sa.Table(
    "one_time_tokens",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("user_id", identifier(), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("created_at", moment(), nullable=False),
    sa.Column("expires_at", moment(), nullable=False),
    sa.Index("one_time_tokens_by_user", "user_id", "purpose"),
    sa.Index("one_time_tokens_by_end", "expires_at"),
)

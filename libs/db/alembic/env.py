"""Alembic's environment of every service: runs migrations on the connection that `libs.db.migrations` passes."""

from alembic import context

_given = context.config.attributes

context.configure(
    connection=_given["connection"],
    target_metadata=_given.get("metadata"),
    include_object=_given.get("include_object"),
    render_item=_given.get("render_item"),
)
with context.begin_transaction():
    context.run_migrations()

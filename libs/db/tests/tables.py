"""The tables of these tests as code sees them, with and without the column that came later."""

import sqlalchemy as sa

metadata = sa.MetaData()
boxes = sa.Table("boxes", metadata, sa.Column("id", sa.String(36), primary_key=True))
things = sa.Table(
    "things",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("box_id", sa.String(36), sa.ForeignKey("boxes.id")),
    sa.Column("amount", sa.BigInteger, nullable=False),
)

ADD = sa.insert(things)
READ = sa.select(things.c.id, things.c.amount).where(things.c.id == sa.bindparam("id"))
ALL = sa.select(things.c.id, things.c.amount).order_by(things.c.id)
ADD_ONE = (
    sa.update(things)
    .where(things.c.id == sa.bindparam("id"))
    .values(amount=things.c.amount + 1)
    .returning(things.c.amount)
)
SET = sa.update(things).where(things.c.id == sa.bindparam("id")).values(amount=sa.bindparam("amount"))

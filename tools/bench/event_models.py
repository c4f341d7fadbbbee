"""Two services that `:events` measures: one changes items and records events, the other one keeps their effects."""

from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import BigInteger, Identity, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.db.sessions import SessionFactory, retry_on_conflict
from libs.db.types import COLUMN_TYPES
from libs.events.broker.topology import ServiceEvents, Topology
from libs.events.event import Event, EventData
from libs.events.outbox import record
from libs.events.tables import add_event_tables

OWNER = "bench_owner"
CONSUMER = "bench_consumer"
ITEMS = 100
"""Number of items, so that the relay publishes several aggregates side by side."""

TOPOLOGY = Topology(
    (
        ServiceEvents(OWNER, publishes=("item.changed",)),
        ServiceEvents(CONSUMER, consumes={OWNER: ("item.changed",)}),
    )
)


class ItemData(EventData):
    """The item's new stock."""

    stock: int


class ItemChanged(Event[ItemData]):
    """An item was changed."""

    source: Literal["bench_owner"] = "bench_owner"
    type: Literal["item.changed"] = "item.changed"
    dataversion: Literal[1] = 1


class Base(DeclarativeBase):
    """Base of the tables; both databases have all of them."""

    type_annotation_map = COLUMN_TYPES


class Item(Base):
    """The table that the owner changes."""

    __tablename__ = "items"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int]
    stock: Mapped[int]


class Effect(Base):
    """One row for each application of an event, so that a second application is seen."""

    __tablename__ = "effects"

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(64))


add_event_tables(Base.metadata)


async def create_tables(sessions: SessionFactory) -> None:
    """Create the tables and the items `0` to `99`."""
    async with sessions.begin() as session:
        await (await session.connection()).run_sync(Base.metadata.create_all)
        session.add_all(Item(id=str(number), version=1, stock=0) for number in range(ITEMS))


@retry_on_conflict
async def change_item(sessions: SessionFactory, item_id: str, *, with_record: bool = True) -> None:
    """Read an item and change it in one transaction, and optionally record the event in it."""
    async with sessions.begin() as session:
        item = await session.get_one(Item, item_id)
        item.version += 1
        item.stock += 1
        await session.flush()
        if with_record:
            await record(session, _event(item))


async def record_backlog(sessions: SessionFactory, count: int) -> None:
    """Record so many events, 100 in a transaction."""
    for start in range(0, count, ITEMS):
        async with sessions.begin() as session:
            items = (await session.scalars(sa.select(Item).limit(min(ITEMS, count - start)))).all()
            for item in items:
                item.version += 1
            await session.flush()
            await record(session, *map(_event, items))


async def note_effect(event: ItemChanged, session: AsyncSession) -> None:
    """Add a row for the application of an event."""
    session.add(Effect(event_id=event.id))


def _event(item: Item) -> Event[Any]:
    return ItemChanged(subject=item.id, aggregateversion=item.version, data=ItemData(stock=item.stock))

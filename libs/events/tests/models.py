"""Tables of an imaginary service that publishes and consumes events of orders."""

from pathlib import Path

from sqlalchemy import BigInteger, Identity, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.db.schema import Schema
from libs.db.types import COLUMN_TYPES
from libs.events.tables import add_event_tables


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = COLUMN_TYPES


class Order(Base):
    """An order of the publishing service."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int]


class Effect(Base):
    """One row for each application of an event, so that a second application is seen."""

    __tablename__ = "effects"

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(64))
    order_id: Mapped[str] = mapped_column(String(36))
    version: Mapped[int]


add_event_tables(Base.metadata)
SCHEMA = Schema(Base.metadata, Path(__file__).parent / "migrations")

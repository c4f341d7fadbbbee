"""Tables of these tests at revision 0001: `colour` came later."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.db.schema import Schema
from libs.db.types import COLUMN_TYPES


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = COLUMN_TYPES


class Box(Base):
    """A box of things."""

    __tablename__ = "boxes"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)


class Thing(Base):
    """A thing, in a box or in none. A CHECK keeps its amount from being negative."""

    __tablename__ = "things"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    box_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("boxes.id"))
    amount: Mapped[int]
    made_at: Mapped[datetime | None]


SCHEMA = Schema(Base.metadata, Path(__file__).parent / "migrations", frozenset({"colour"}))

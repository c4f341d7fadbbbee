"""Serve an authenticated read as popular templates write it: `python -m tools.bench.baseline_app URL`. Prints its port.

The token is signed with a shared secret. Each request verifies it and reads the user's row by an ORM in a `def`
endpoint. Where templates differ, this application takes the faster choice: no middleware, no logs, and the standard
library verifies the signature, which is faster than any JOSE library.
"""

import base64
import hashlib
import hmac
import json
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Annotated

import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

_SECRET = b"as long as a shared secret has to be"
_HEADER = b'{"alg":"HS256","typ":"JWT"}'
_USER, ITEM = uuid.UUID(int=1), uuid.UUID(int=2)


class _Base(DeclarativeBase):
    pass


class User(_Base):
    """A user."""

    __tablename__ = "user"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(255), unique=True)
    is_active: Mapped[bool]
    is_superuser: Mapped[bool]
    full_name: Mapped[str | None] = mapped_column(sa.String(255))
    hashed_password: Mapped[str | None]


class Item(_Base):
    """An item of a user, with as many columns as a product."""

    __tablename__ = "item"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(sa.String(255))
    description: Mapped[str | None]
    price_cents: Mapped[int]
    stock: Mapped[int]
    version: Mapped[int]


class ItemPublic(BaseModel):
    """The response: an item, for its owner."""

    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    owner_id: uuid.UUID
    title: str
    description: str | None
    price_cents: int
    stock: int
    version: int


def _session(request: Request) -> Iterator[Session]:
    with Session(request.app.state.engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(_session)]
TokenDep = Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="login"))]


def _current_user(session: SessionDep, token: TokenDep) -> User:
    user = session.get(User, uuid.UUID(_subject(token)))
    if user is None or not user.is_active:
        raise HTTPException(status_code=404, detail="User not found")
    return user


CurrentUser = Annotated[User, Depends(_current_user)]

app = FastAPI()


@app.get("/items/{key}", response_model=ItemPublic)
def read_item(session: SessionDep, current_user: CurrentUser, key: uuid.UUID) -> Item:
    """Return one item."""
    item = session.get(Item, key)
    if item is None:
        raise HTTPException(status_code=404, detail="Item not found")
    if not current_user.is_superuser and item.owner_id != current_user.id:
        raise HTTPException(status_code=403, detail="Not enough permissions")
    return item


def token() -> str:
    """Return an access token of the only user."""
    payload = json.dumps({"exp": int(time.time()) + 3600, "sub": str(_USER)}).encode()
    signing_input = f"{_encode(_HEADER)}.{_encode(payload)}"
    return f"{signing_input}.{_encode(_sign(signing_input))}"


def _subject(token: str) -> str:
    signing_input, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_encode(_sign(signing_input)), signature):
        raise HTTPException(status_code=403, detail="Could not validate credentials")
    payload = signing_input.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if claims["exp"] < time.time():
        raise HTTPException(status_code=403, detail="Could not validate credentials")
    return str(claims["sub"])


def _sign(signing_input: str) -> bytes:
    return hmac.digest(_SECRET, signing_input.encode(), hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _fill(engine: sa.Engine) -> None:
    _Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(User(id=_USER, email="a@example.com", is_active=True, is_superuser=False, full_name="A"))
        session.flush()
        session.add(
            Item(id=ITEM, owner_id=_USER, title="Tea", description="Green.", price_cents=450, stock=3, version=1)
        )
        session.commit()


def main(database: str) -> None:
    """Serve from an empty database; `database` is a URL of SQLAlchemy."""
    app.state.engine = sa.create_engine(database, pool_pre_ping=database.startswith("postgresql"))
    _fill(app.state.engine)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", ws="none", log_config=None, access_log=False, proxy_headers=False
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])

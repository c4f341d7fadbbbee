"""What is written down of who did what to whom."""

import uuid
from collections.abc import Callable

from libs.auth.clock import Clock
from libs.db.columns import micros
from libs.db.database import Connection
from services.user_service.models import Action, Entry
from services.user_service.repository import audit


class Audit:
    """Appends to the audit log, inside the transaction of what it tells of."""

    def __init__(self, clock: Clock, *, request_id: Callable[[], str | None]) -> None:
        """`request_id` names the request in progress, if there is one."""
        self._clock = clock
        self._request_id = request_id

    async def note(self, connection: Connection, action: Action, *, actor: str, target: str) -> None:
        """Write down that `actor` did `action` to `target`."""
        entry = Entry(
            id=str(uuid.uuid4()),
            at=micros(self._clock.now()),
            actor=actor,
            action=action,
            target=target,
            request_id=self._request_id() or "",
        )
        await audit.add(connection, entry)

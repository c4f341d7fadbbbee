"""The audit log: actor, action and target of each change."""

import uuid
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncSession

from libs.clock.clock import Clock
from services.user_service.models import Action, AuditEntry


class Audit:
    """Appends entries to the audit log, in the transaction of what they report."""

    def __init__(self, clock: Clock, *, request_id: Callable[[], str | None]) -> None:
        """`request_id` returns the id of the request in progress, if there is one."""
        self._clock = clock
        self._request_id = request_id

    def note(self, session: AsyncSession, action: Action, *, actor: str, target: str) -> None:
        """Record that `actor` did `action` to `target`."""
        session.add(
            AuditEntry(
                id=str(uuid.uuid4()),
                at=self._clock.now(),
                actor=actor,
                action=action,
                target=target,
                request_id=self._request_id() or "",
            )
        )

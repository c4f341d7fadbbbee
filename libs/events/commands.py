"""The commands of every service with events. Each command imports its modules when it runs.

A service adds `EventError` to the `startup_errors` of its `Service`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from libs.events.service_settings import EventServiceSettings
from libs.web.command import Command

if TYPE_CHECKING:
    from libs.db.sessions import SessionFactory
    from libs.events.consumer import Handler

S = TypeVar("S", bound=EventServiceSettings)


def event_commands(
    service: str, *, handlers: "Callable[[S, SessionFactory], Sequence[Handler[Any]]]"
) -> dict[str, Command[S]]:
    """Return the commands `replay`, `dead-letters`, `dead-letter-show`, `-retry` and `-drop` of a service.

    `handlers` returns what the service consumes, as its application does. It imports the modules that it needs.
    """

    def replay(settings: S, since: str) -> int:
        from libs.events import operations  # noqa: PLC0415

        return operations.replay(settings, since)

    def print_all(settings: S) -> int:
        from libs.events import operations  # noqa: PLC0415

        return operations.print_all(settings, service)

    def show(settings: S, number: str) -> int:
        from libs.events import operations  # noqa: PLC0415

        return operations.show(settings, service, number)

    def retry(settings: S, number: str) -> int:
        from libs.events import operations  # noqa: PLC0415

        return operations.retry(settings, service, number, lambda sessions: handlers(settings, sessions))

    def drop(settings: S, number: str) -> int:
        from libs.events import operations  # noqa: PLC0415

        return operations.drop(settings, service, number)

    return {
        "replay": Command("publish again what was recorded since a time", replay, ("SINCE",)),
        "dead-letters": Command("list the events that could not be applied", print_all),
        "dead-letter-show": Command("print one of them", show, ("NUMBER",)),
        "dead-letter-retry": Command("apply one of them now, and delete it", retry, ("NUMBER",)),
        "dead-letter-drop": Command("delete one of them", drop, ("NUMBER",)),
    }

"""The limits on attempts of each kind."""

from collections.abc import Callable
from dataclasses import dataclass

from libs.auth.counters import AttemptCounters
from libs.auth.throttle import AttemptThrottle


@dataclass(frozen=True, slots=True)
class Throttles:
    """A throttle for each kind of attempt, so that one kind does not use up the attempts of another."""

    logins: AttemptThrottle
    registrations: AttemptThrottle
    recoveries: AttemptThrottle

    @classmethod
    def on(cls, counters: AttemptCounters, on_rejected: Callable[[str, str, str], None]) -> "Throttles":
        """Return throttles that count in `counters`; see `AttemptThrottle` for `on_rejected`."""
        kinds = ("login", "registration", "recovery")
        return cls(*(AttemptThrottle(counters, kind=kind, on_rejected=on_rejected) for kind in kinds))

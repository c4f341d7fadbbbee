"""What may be wrong with a locked file."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """One locked thing that cannot be had, or that its makers withdrew."""

    lock: str
    name: str
    complaint: str

    def __str__(self) -> str:
        return f"{self.lock}: {self.name}: {self.complaint}"

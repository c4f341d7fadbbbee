"""Findings about locked files."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """A locked file that is unavailable, or that was withdrawn."""

    lock: str
    name: str
    complaint: str

    def __str__(self) -> str:
        return f"{self.lock}: {self.name}: {self.complaint}"

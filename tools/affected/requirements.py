"""Comparison of Python lock files, distribution by distribution."""

import dataclasses
import re

_FILE = re.compile(r"# sha256:[0-9a-f]{64} \S+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pin:
    """One pinned distribution in a lock file."""

    requirement: str
    hashes: frozenset[str]
    files: frozenset[str] = frozenset()
    """Comments that name the wheel of a hash. The stand-in for rules_python and the SBOMs read them."""

    @property
    def version(self) -> str:
        """Return the pinned version."""
        return self.requirement.partition("==")[2].partition(";")[0].strip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lock:
    """A parsed lock file.

    Attributes:
        pins: By the name of the distribution in labels; several if they have different markers.
        options: All lines that are options, such as `--index-url`.
    """

    pins: dict[str, tuple[Pin, ...]]
    options: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LockDiff:
    """The difference between two lock files; distributions have their names in labels."""

    before: Lock
    after: Lock

    @property
    def options_differ(self) -> bool:
        """Return whether an option, such as the index, changed."""
        return self.before.options != self.after.options

    @property
    def changed(self) -> list[str]:
        """Return the distributions that were added, or whose version, marker or hashes changed."""
        return sorted(name for name, pin in self.after.pins.items() if self.before.pins.get(name) != pin)

    @property
    def removed(self) -> list[str]:
        """Return the distributions that were removed."""
        return sorted(self.before.pins.keys() - self.after.pins.keys())

    def descriptions(self) -> list[str]:
        """Return a phrase for each change: `idna 3.10 -> 3.11`."""
        changed = [_description(name, self.before.pins.get(name), self.after.pins[name]) for name in self.changed]
        return changed + [f"{name} {_versions(self.before.pins[name])} removed" for name in self.removed]


def _description(name: str, before: tuple[Pin, ...] | None, after: tuple[Pin, ...]) -> str:
    if before is None:
        return f"{name} {_versions(after)} added"
    if _versions(before) != _versions(after):
        return f"{name} {_versions(before)} -> {_versions(after)}"
    same_files = [(pin.hashes, pin.files) for pin in before] == [(pin.hashes, pin.files) for pin in after]
    return f"{name} {_versions(after)} with other {'markers' if same_files else 'files'}"


def _versions(pins: tuple[Pin, ...]) -> str:
    return ", ".join(pin.version for pin in pins)


def label_name(distribution: str) -> str:
    """Return the name of a distribution in labels (PEP 503, with underscores)."""
    return re.sub(r"[-_.]+", "_", distribution.partition("[")[0].strip()).lower()


def parse(text: str) -> Lock:
    """Parse a lock file of pip or uv; comments are ignored unless they name the file of a hash."""
    pins: dict[str, list[Pin]] = {}
    options = []
    latest: list[Pin] = []
    for comment in (line.strip() for line in text.replace("\\\n", " ").splitlines()):
        line = re.sub(r"(^|\s)#.*", "", comment).strip()
        if latest and _FILE.fullmatch(comment):
            latest[-1] = dataclasses.replace(latest[-1], files=latest[-1].files | {comment})
        elif line.startswith("-"):
            options.append(line)
        elif line:
            requirement, *hashes = re.split(r"\s+--hash=", line)
            name = label_name(re.split(r"[=<>!~@ ;]", requirement)[0])
            latest = pins.setdefault(name, [])
            latest.append(Pin(requirement=" ".join(requirement.split()), hashes=frozenset(hashes)))
    ordered = {name: tuple(sorted(found, key=lambda pin: pin.requirement)) for name, found in pins.items()}
    return Lock(pins=ordered, options=tuple(options))


def diff(before: str, after: str) -> LockDiff:
    """Compare two lock files."""
    return LockDiff(before=parse(before), after=parse(after))

"""Python lock files compared, distribution by distribution."""

import dataclasses
import re

_FILE = re.compile(r"# sha256:[0-9a-f]{64} \S+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pin:
    """One distribution of a lock."""

    requirement: str
    hashes: frozenset[str]
    files: frozenset[str] = frozenset()
    """Comments that name the wheel of a hash. The stand-in for rules_python and the bills of materials read them."""

    @property
    def version(self) -> str:
        """Return the pinned version."""
        return self.requirement.partition("==")[2].partition(";")[0].strip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lock:
    """A parsed lock: pins by their name in labels, several where they differ by marker, and every other option."""

    pins: dict[str, tuple[Pin, ...]]
    options: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs between two locks; names are as in labels."""

    before: Lock
    after: Lock

    @property
    def options_differ(self) -> bool:
        """Tell whether an option such as an index changed."""
        return self.before.options != self.after.options

    @property
    def changed(self) -> list[str]:
        """Return the distributions that are new or differ in version, marker or hashes."""
        return sorted(name for name, pin in self.after.pins.items() if self.before.pins.get(name) != pin)

    @property
    def gone(self) -> list[str]:
        """Return the distributions that are in the lock no more."""
        return sorted(self.before.pins.keys() - self.after.pins.keys())

    def described(self) -> list[str]:
        """Say each change in a few words: `idna 3.10 -> 3.11`."""
        changed = [_described(name, self.before.pins.get(name), self.after.pins[name]) for name in self.changed]
        return changed + [f"{name} {_versions(self.before.pins[name])} is gone" for name in self.gone]


def _described(name: str, before: tuple[Pin, ...] | None, after: tuple[Pin, ...]) -> str:
    if before is None:
        return f"{name} {_versions(after)} is new"
    if _versions(before) != _versions(after):
        return f"{name} {_versions(before)} -> {_versions(after)}"
    same_files = [(pin.hashes, pin.files) for pin in before] == [(pin.hashes, pin.files) for pin in after]
    return f"{name} {_versions(after)} has other {'markers' if same_files else 'files'}"


def _versions(pins: tuple[Pin, ...]) -> str:
    return ", ".join(pin.version for pin in pins)


def label_name(distribution: str) -> str:
    """Return a distribution's name as labels have it (PEP 503, with underscores)."""
    return re.sub(r"[-_.]+", "_", distribution.partition("[")[0].strip()).lower()


def parse(text: str) -> Lock:
    """Read a lock as pip and uv write it; of comments only those count that name the file of a hash."""
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


def difference(before: str, after: str) -> Difference:
    """Compare two locks."""
    return Difference(before=parse(before), after=parse(after))

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
    """A parsed lock: pins by their name in labels, and every other option."""

    pins: dict[str, Pin]
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
        return changed + [f"{name} {self.before.pins[name].version} is gone" for name in self.gone]


def _described(name: str, before: Pin | None, after: Pin) -> str:
    if before is None:
        return f"{name} {after.version} is new"
    if before.version != after.version:
        return f"{name} {before.version} -> {after.version}"
    same_files = (before.hashes, before.files) == (after.hashes, after.files)
    return f"{name} {after.version} has other {'markers' if same_files else 'files'}"


def label_name(distribution: str) -> str:
    """Return a distribution's name as labels have it (PEP 503, with underscores)."""
    return re.sub(r"[-_.]+", "_", distribution.partition("[")[0].strip()).lower()


def parse(text: str) -> Lock:
    """Read a lock as pip and uv write it; of comments only those count that name the file of a hash."""
    pins: dict[str, Pin] = {}
    options = []
    joined = text.replace("\\\n", " ")
    name = ""
    for comment in (line.strip() for line in joined.splitlines()):
        if name and _FILE.fullmatch(comment):
            pins[name] = dataclasses.replace(pins[name], files=pins[name].files | {comment})
            continue
        line = re.sub(r"(^|\s)#.*", "", comment).strip()
        if line.startswith("-"):
            options.append(line)
        elif line:
            requirement, *hashes = re.split(r"\s+--hash=", line)
            name = label_name(re.split(r"[=<>!~@ ;]", requirement)[0])
            pins[name] = Pin(requirement=" ".join(requirement.split()), hashes=frozenset(hashes))
    return Lock(pins=pins, options=tuple(options))


def difference(before: str, after: str) -> Difference:
    """Compare two locks."""
    return Difference(before=parse(before), after=parse(after))

"""The lock as text: exact pins with hashes, and below each pin the names of the files for Linux.

A hash does not show which file it belongs to. With the names, the air-gapped mode need not query the package index for
each distribution, so a build with a warm cache needs no network.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_FILE = re.compile(r"^    # sha256:([0-9a-f]{64}) (\S+)$", re.MULTILINE)
_PARENT = re.compile(r"^    #(?: via)? {1,3}(-r \S+|\S+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pin:
    """One distribution of the lock."""

    requirement: Requirement
    hashes: frozenset[str]
    files: Mapping[str, str]
    """File name by sha256."""
    parents: frozenset[str]
    """What requires it: names of distributions, or `-r` and a file."""

    @property
    def name(self) -> NormalizedName:
        """The distribution's name as indexes spell it."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The exact version that the lock allows."""
        return str(self.requirement.specifier).removeprefix("==")

    @property
    def is_for_linux(self) -> bool:
        """Whether this Python takes it on Linux."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate({"sys_platform": "linux"})

    @classmethod
    def of(cls, block: str) -> "Pin":
        """Read the lines of one pin.

        Raises:
            packaging.requirements.InvalidRequirement: the first line is no requirement.
        """
        return cls(
            requirement=Requirement(block.splitlines()[0].removesuffix("\\")),
            hashes=frozenset(_HASH.findall(block)),
            files=dict(_FILE.findall(block)),
            parents=frozenset(name for name in _PARENT.findall(block) if name != "via"),
        )


def split_blocks(text: str) -> list[str]:
    """Split a lock into its header (which may be empty) and one text for each pin."""
    return re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)


def read_lock(text: str) -> dict[NormalizedName, Pin]:
    """Read a lock; the key of a pin is its name. Of several pins with one name it is the one for Linux."""
    return {pin.name: pin for pin in sorted(read_pins(text), key=lambda pin: pin.is_for_linux)}


def read_pins(text: str) -> list[Pin]:
    """Read every pin of a lock; a name stands twice where its version differs by platform or Python."""
    return [Pin.of(block) for block in split_blocks(text)[1:]]


def without(text: str, names: Iterable[str]) -> str:
    """Return a lock without the pins of these names."""
    left_out = set(names)
    header, *blocks = split_blocks(text)
    return header + "".join(block for block in blocks if Pin.of(block).name not in left_out)


def read_requirements(text: str) -> list[Requirement]:
    """Read a requirements file: one requirement a line.

    Raises:
        packaging.requirements.InvalidRequirement: a line is something else.
    """
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [Requirement(line) for line in lines if line]


def requirement_lines(text: str) -> list[tuple[NormalizedName | None, str]]:
    """Return each line of a requirements file after the name that it requires, None for a comment or an empty line."""
    lines = text.splitlines(keepends=True)
    return [(next((canonicalize_name(one.name) for one in read_requirements(line)), None), line) for line in lines]


def with_file_names(text: str, names: Mapping[str, str]) -> str:
    """Add below each pin which of its hashes are in `names` (file name by sha256)."""
    header, *blocks = split_blocks(text)
    return header + "".join(_with_names(block, names) for block in blocks)


def _with_names(block: str, names: Mapping[str, str]) -> str:
    hashes = Pin.of(block).hashes & names.keys()
    return _FILE.sub("", block).rstrip("\n") + "\n" + "".join(_comments(hashes, names))


def _comments(hashes: Iterable[str], names: Mapping[str, str]) -> list[str]:
    chosen = sorted(hashes, key=lambda digest: names[digest])
    return [f"    # sha256:{digest} {names[digest]}\n" for digest in chosen]

"""Keep the lock of a track as close to the main lock as possible.

rules_python names the repository of a wheel after the requirement line. If a track's line differed from that of the
main lock only in a marker, there would be two repositories for the same wheel.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from packaging.utils import NormalizedName

from tools.requirements.lockfile import Pin, split_blocks

_PYTHON = {"python_version": "3.11", "implementation_name": "cpython", "platform_python_implementation": "CPython"}
_LINUX = _PYTHON | {"os_name": "posix", "platform_system": "Linux", "sys_platform": "linux"}
_MACOS = _PYTHON | {"os_name": "posix", "platform_system": "Darwin", "sys_platform": "darwin"}
_PLATFORMS = (
    _LINUX | {"platform_machine": "x86_64"},
    _LINUX | {"platform_machine": "aarch64"},
    _MACOS | {"platform_machine": "arm64"},
)
_MICRO_VERSIONS = ("3.11.0", "3.11.99")
_COMMENT = "    #"
_FILE = "    # sha256:"


def preferences(main: str, track: str) -> str:
    """Return the versions that uv prefers for a track: all pins of the main lock, then the track's differing pins."""
    return main + "".join(_own_blocks(track, main))


def own_pins(track: str, main: str) -> set[NormalizedName]:
    """Return the names that a track pins differently from the main lock, or that are not in the main lock."""
    return {Pin.of(block).name for block in _own_blocks(track, main)}


def _own_blocks(track: str, main: str) -> list[str]:
    known = {_head(block) for block in split_blocks(main)[1:]}
    return [block for block in split_blocks(track)[1:] if _head(block) not in known]


def with_main_blocks(track: str, main: str) -> str:
    """Return a track's lock with the lines of the main lock for each distribution that is the same in both.

    The `via` comments, which name what requires a distribution, stay those of the track.
    """
    ours = _by_name(main)
    header = split_blocks(track)[0]
    return header + "".join(
        _copied(blocks, ours[name]) if name in ours and same_pins(blocks, ours[name]) else "".join(blocks)
        for name, blocks in _by_name(track).items()
    )


def same_pins(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether the pins of one name have the same meaning on each platform: version, extras and marker."""
    return [_meaning(block) for block in _applying(one)] == [_meaning(block) for block in _applying(other)]


def _applying(blocks: Iterable[str]) -> list[str]:
    """Return the pins that apply to at least one of our platforms: uv also resolves for newer versions of Python."""
    return [block for block in blocks if any(_applies(block))]


def _meaning(block: str) -> tuple[str, frozenset[str], tuple[bool, ...]]:
    pin = Pin.of(block)
    return pin.version, frozenset(pin.requirement.extras), _applies(block)


def _applies(block: str) -> tuple[bool, ...]:
    marker = Pin.of(block).requirement.marker
    return tuple(marker is None or marker.evaluate(each) for each in _environments())


def _environments() -> Iterable[dict[str, str]]:
    for platform in _PLATFORMS:
        for version in _MICRO_VERSIONS:
            yield platform | {"python_full_version": version}


def _by_name(text: str) -> dict[NormalizedName, list[str]]:
    return {
        name: list(blocks) for name, blocks in groupby(split_blocks(text)[1:], key=lambda block: Pin.of(block).name)
    }


def _copied(track: Sequence[str], main: Sequence[str]) -> str:
    """Return the blocks of the main lock, with the track's `via` comments on the blocks that apply to our platforms."""
    theirs = iter(_applying(track))
    return "".join(
        _head(block) + _via(next(theirs)) + _files(block) if any(_applies(block)) else block for block in main
    )


def _head(block: str) -> str:
    return "".join(line for line in block.splitlines(keepends=True) if not line.startswith(_COMMENT))


def _via(block: str) -> str:
    lines = block.splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith(_COMMENT) and not line.startswith(_FILE))


def _files(block: str) -> str:
    return "".join(line for line in block.splitlines(keepends=True) if line.startswith(_FILE))

"""The circumstances of a build that must not show in what it makes."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Conditions:
    """What surrounds one build: its folder's name, its environment, its umask, its flags."""

    name: str
    folder: str
    environment: dict[str, str] = field(default_factory=dict)
    umask: int = 0o022
    flags: tuple[str, ...] = ()


PLAIN = Conditions(
    name="plain",
    folder="plain",
    environment={"TZ": "UTC", "LC_ALL": "C.UTF-8"},
    flags=("--jobs=2", "--compilation_mode=fastbuild"),
)

HOSTILE = Conditions(
    name="hostile",
    folder="another folder/with spaces",
    environment={"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "USER": "somebody"},
    umask=0o077,
    flags=("--jobs=1", "--compilation_mode=opt", "--action_env=SOURCE_DATE_EPOCH=1"),
)

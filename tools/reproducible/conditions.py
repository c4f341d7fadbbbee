"""The conditions of a build, which must not change its outputs."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Conditions:
    """The name of the folder, the environment variables, the umask and the flags of one build."""

    name: str
    folder: str
    environment: dict[str, str] = field(default_factory=dict)
    umask: int = 0o022
    flags: tuple[str, ...] = ()


REFERENCE = Conditions(
    name="reference",
    folder="reference",
    environment={"TZ": "UTC", "LC_ALL": "C.UTF-8"},
    flags=("--jobs=2", "--compilation_mode=fastbuild"),
)

VARIED = Conditions(
    name="varied",
    folder="another folder/with spaces",
    environment={"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "USER": "another-user"},
    umask=0o077,
    flags=("--jobs=1", "--compilation_mode=opt", "--action_env=SOURCE_DATE_EPOCH=1"),
)

"""Lock files from which MODULE.bazel makes repositories: Python distributions, Debian packages."""

from tools.affected import module_file, requirements
from tools.affected.changes import Change
from tools.affected.module_file import Use
from tools.affected.scene import Scene
from tools.affected.verdict import Verdict, everything, nothing, some

_PYTHON_LOCK = "requirements_lock"


def owner(path: str, scene: Scene) -> tuple[str, Use] | None:
    """Return the attribute and the tag of MODULE.bazel that name a path as their lock."""
    for use in module_file.uses(scene.range.after("MODULE.bazel") or b""):
        for attribute, value in use.words.items():
            if module_file.path_of(value) == path and attribute in {_PYTHON_LOCK, "lock"}:
                return attribute, use
    return None


def verdict(change: Change, scene: Scene) -> Verdict | None:
    """Answer for a lock that a module extension reads."""
    found = owner(change.path, scene)
    if found is None:
        return None
    attribute, use = found
    before, after = scene.range.before(change.path), scene.range.after(change.path)
    if before is None or after is None:
        return everything(change.path, f"the lock is {change.kind.value}")
    if attribute == _PYTHON_LOCK:
        return _distributions(change.path, use, before, after)
    return _repositories(change.path, use, scene)


def _distributions(path: str, use: Use, before: bytes, after: bytes) -> Verdict:
    """Seed the distributions whose version, markers or hashes differ; the graph knows who needs them."""
    difference = requirements.difference(before.decode(), after.decode())
    if difference.options_differ:
        return everything(path, "options of the lock changed")
    if difference.gone:
        return everything(path, f"{', '.join(difference.gone)} left the lock, and the graph no longer says who had it")
    if not difference.changed:
        return nothing(path, "no distribution differs")
    hub = use.words.get("hub_name", "pip")
    # A target may take a distribution's library, its programs or its metadata: all names of it are seeds.
    labels = tuple(f"@{hub}//{name}:all" for name in difference.changed)
    return some(path, ", ".join(difference.described()), labels)


def _repositories(path: str, use: Use, scene: Scene) -> Verdict:
    """Seed every repository that is made from this lock."""
    name = use.words.get("name", "")
    known = module_file.used_repositories(scene.range.after("MODULE.bazel") or b"", use.extension)
    mine = [repository for repository in known if repository == name or repository.startswith(f"{name}_")]
    if not mine:
        return everything(path, "MODULE.bazel does not say which repositories are made from it")
    return some(path, f"{', '.join(mine)} made anew", tuple(f"@{repository}//..." for repository in mine))

"""Compare the contracts of events with those of the merge base, in both directions.

An old consumer has to read a new event, since services are deployed one after the other, and a new consumer an old one,
since events are stored. So a member that both have keeps its schema, and a member that is added or removed is optional.
A larger `dataversion` gives the first up: older consumers move such events to their dead letters.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tools.contracts.errors import ContractError
from tools.contracts.revisions import Repository

Json = Mapping[str, Any]

_ANNOTATIONS = {"$schema", "title", "description", "default", "examples", "deprecated", "$comment", "$defs"}
_VERSION = "dataversion"


def findings(old: Json, new: Json) -> Iterator[str]:
    """Yield a sentence for each change of a contract that a consumer cannot read."""
    before, after = _versions(old), _versions(new)
    if max(after) < max(before):
        yield f"{_VERSION} went from {max(before)} to {max(after)}: it only grows"
    yield from (
        f"version {version} cannot be read any more, and such events are stored: accept it besides the new one"
        for version in sorted(set(before) - set(after))
    )
    is_declared = max(after) > max(before)
    for place, direction, reason in _object_findings(old, new, (old, new), ""):
        if direction == "old" and is_declared:
            continue
        advice = (
            "" if direction == "new" else f"; or increase {_VERSION}: older consumers then keep it as a dead letter"
        )
        yield f"{place}: {reason}{advice}"


def compare_files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Compare the files of all services by their paths from the root."""
    for path, text in sorted(old.items()):
        is_sample = PurePosixPath(path).parent.name == "samples"
        if is_sample and new.get(path) != text:
            yield f"{path}: a sample represents stored events, so it must not be changed or deleted"
        elif not is_sample and path in new:
            yield from (f"{path}: {finding}" for finding in findings(json.loads(text), json.loads(new[path])))
        elif not is_sample:
            yield f"{path}: the event is gone; stop publishing it first, and delete it once no consumer names it"


def _versions(schema: Json) -> list[int]:
    described = schema["properties"][_VERSION]
    return [described["const"]] if "const" in described else list(described["enum"])


def _object_findings(old: Json, new: Json, roots: tuple[Json, Json], place: str) -> Iterator[tuple[str, str, str]]:
    """Yield place, the consumer that fails (`old` or `new`) and the reason."""
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted({*before, *after}):
        below = f"{place}/{name}"
        if name in before and name in needed_before - needed_after:
            yield below, "old", "is not always present any more, and consumers rely on it: keep it"
        if name in after and name in needed_after - needed_before:
            yield below, "new", "is required, and stored events have none: give it a default"
        if name in before and name in after and below != f"/{_VERSION}":
            yield from _value_findings(before[name], after[name], roots, below)


def _value_findings(old: Json, new: Json, roots: tuple[Json, Json], place: str) -> Iterator[tuple[str, str, str]]:
    one, other = _resolved(old, roots[0]), _resolved(new, roots[1])
    if "properties" in one and "properties" in other:
        yield from _object_findings(one, other, roots, place)
    elif "items" in one and "items" in other:
        yield from _value_findings(one["items"], other["items"], roots, f"{place}/items")
        one, other = ({**each, "items": None} for each in (one, other))
    ignored = _ANNOTATIONS | {"properties", "required"}
    if _plain(one, roots[0], ignored) != _plain(other, roots[1], ignored):
        # One of the two consumers fails whether it became wider or narrower.
        yield place, "new", "has another schema: add a member with another name instead"


def _resolved(schema: Json, root: Json) -> Json:
    while "$ref" in schema:
        found: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _plain(value: object, root: Json, ignored: frozenset[str] | set[str]) -> object:
    """Return a schema without annotations, with references replaced by what they refer to."""
    if isinstance(value, Mapping):
        schema = _resolved(value, root)
        return {name: _plain(each, root, _ANNOTATIONS) for name, each in schema.items() if name not in ignored}
    return [_plain(each, root, _ANNOTATIONS) for each in value] if isinstance(value, list) else value


def committed_files(repository: Repository, commit: str) -> dict[str, str]:
    """Return the contracts and samples of a commit by their paths."""
    contents = {name: repository.content(commit, name) for name in repository.files(commit) if _is_contract(name)}
    return {name: content.decode() for name, content in contents.items() if content is not None}


def present_files(folder: Path) -> dict[str, str]:
    """Return the contracts and samples of the source tree by their paths."""
    names = [path.relative_to(folder).as_posix() for path in folder.glob("services/*/events/**/*.json")]
    return {name: (folder / name).read_text(encoding="utf-8") for name in names if _is_contract(name)}


def _is_contract(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return len(parts) in {4, 5} and parts[2:3] == ("events",) and name.endswith(".json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="compatibility", description="Compare contracts of events with a revision.")
    parser.add_argument("--since", metavar="REF", help="revision that HEAD is compared with; default: the main branch")
    options = parser.parse_args(arguments)
    folder = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    try:
        repository = Repository(folder)
        base = repository.merge_base(options.since)
        found = list(compare_files(committed_files(repository, base), present_files(folder)))
    except ContractError as error:
        sys.stderr.write(f"events: {error}\n")
        return 1
    sys.stderr.writelines(f"{finding}\n" for finding in found)
    sys.stderr.write(f"events: {len(found)} breaking changes since {base[:12]}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

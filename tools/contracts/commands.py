"""The command line of //tools/contracts:check."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.contracts.compare import compare
from tools.contracts.declarations import assess, read_reasons
from tools.contracts.documents import Document, parse
from tools.contracts.errors import ContractError
from tools.contracts.report import lines_of
from tools.contracts.revisions import Repository

_ABOUT = """Compare the contracts of the working tree, services/<name>/openapi.json, with those of the merge base.

    bazel run //tools/contracts:check                          # since the main branch
    bazel run //tools/contracts:check -- --since origin/main   # since the commit at which HEAD left it
    bazel run //tools/contracts:check -- --since HEAD~1 --service user_service

The exit code is 0 where nothing breaks a client of the old contract or the break is declared, 1 for a break that is
not declared, and 2 where the comparison is not possible.

A break is declared by a higher major version (`version` of ServiceDefinition, then bazel run //services/<name>:openapi)
and its reason in services/<name>/contract_changes.toml:

    "2.0.0" = "`price` became `price_cents`, since floats lost cents."

What each check means: docs/contracts.md.
"""


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    try:
        reports = list(_reports(workspace, options.since, options.service))
    except ContractError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{error.filename or 'a file'}: {error.strerror}")
    for lines, _ in reports:
        print("\n".join(lines))
    return int(any(is_objected for _, is_objected in reports))


def read_contract(workspace: Path, service: str) -> Document:
    """Read the contract of a service in the working tree; raises ContractError."""
    shown = f"services/{service}/openapi.json"
    try:
        return parse((workspace / shown).read_bytes(), name=shown)
    except FileNotFoundError as error:
        raise ContractError(f"{shown} does not exist; write it by `bazel run //services/{service}:openapi`") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/contracts:check --",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--since", metavar="REF", help="revision that HEAD is compared with; default: the main branch")
    parser.add_argument("--service", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    return parser


def _reports(workspace: Path, since: str | None, only: Sequence[str]) -> Iterator[tuple[list[str], bool]]:
    """Yield the report on each service, and whether it has a break that is not declared."""
    repository = Repository(workspace)
    base = repository.merge_base(since)
    here = [path.parent.name for path in workspace.glob("services/*/__main__.py")]
    known = sorted({*here, *repository.services(base)})
    for name in only:
        if name not in known:
            raise ContractError(f"there is no service {name!r}; there are {', '.join(known)}")
    for service in only or known:
        yield _report(repository, base, service, is_here=service in here)


def _report(repository: Repository, base: str, service: str, *, is_here: bool) -> tuple[list[str], bool]:
    if not is_here:
        return [f"{service}: the service was removed"], False
    new = read_contract(repository.workspace, service)
    data = repository.contract(base, service)
    if data is None:
        return [f"{service}: the contract is new, since {base[:12]} has none; --since REF compares with another"], False
    old = parse(data, name=f"{base[:12]}:services/{service}/openapi.json")
    folder = repository.workspace / "services" / service
    assessment = assess(old, new, compare(old, new), read_reasons(folder, shown=f"services/{service}"))
    return lines_of(service, assessment), bool(assessment.objection)


def _refuse(sentence: str) -> int:
    print("error:", " ".join(sentence.split()), file=sys.stderr)
    return 2

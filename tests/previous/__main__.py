"""Run the code of the previous migration on today's tables: `bazel run //tests/previous`.

A roll-out first migrates and then replaces the processes, so code must work on the tables of the next revision. For
each service this takes the last commit with fewer migrations and starts the sources of that commit on today's tables,
on SQLite and on PostgreSQL. The user and the product service also serve requests: the previous code on rows of today's
code, then the reverse. Other services only have to be ready. The sources run with today's interpreter and wheels, and
with the wheels that only their own lock has. This is not part of `bazel test`, because the git history is no input of
a build.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from libs.db.testing import postgres_server
from tests.previous.compat_scenario import CompatScenario, Person
from tests.previous.history import HistoryError, export, last_before, newest
from tests.program import Program
from tests.service_stack import ServiceStack, client, postgres_stack, sqlite_stack

_ROOT = Path(__file__).absolute().parents[2]
_IN_STACK = {"user_service": "users", "product_service": "products"}
"""Services that people use, and what they are in a stack."""


def main(workspace: Path) -> int:
    """Print one sentence per service with the result, and return the exit code."""
    try:
        for service in sorted(file.parent.name for file in (_ROOT / "services").glob("*/service.json")):
            print(f"{service}: {_proven(workspace, service)}", flush=True)
    except (HistoryError, AssertionError) as error:
        sys.stderr.write(f"previous: {error}\n")
        return 1
    return 0


def _proven(workspace: Path, service: str) -> str:
    migrations = f"services/{service}/migrations"
    if not (workspace / migrations).is_dir():
        return "it has no migrations"
    past = last_before(workspace, migrations)
    if past is None:
        return "its first migration is its newest, so there is no code before"
    with tempfile.TemporaryDirectory(prefix="previous-") as name:
        export(workspace, past.commit, Path(name, "sources"))
        _install_wheels(Path(name))
        _generate_clients(Path(name, "sources"))
        _on_sqlite(Path(name), service)
        _on_postgresql(Path(name), service)
    now = newest(path.name for path in (workspace / migrations).iterdir())
    return f"the code of {past.revision} ({past.commit[:12]}) works on the tables of {now}, SQLite's and PostgreSQL's"


def _on_sqlite(folder: Path, service: str) -> None:
    (folder / "sqlite").mkdir()
    if service not in _IN_STACK:
        _start_in_turns(Program(service, folder / "sqlite"), folder / "sources")
        return
    _take_turns(sqlite_stack(folder / "sqlite"), service, folder / "sources")


def _on_postgresql(folder: Path, service: str) -> None:
    (folder / "postgresql").mkdir()
    with postgres_server() as server:
        if service not in _IN_STACK:
            server.execute(f"CREATE DATABASE {service}")
            program = Program(service, folder / "postgresql", DATABASE_URL=server.url(service))
            _start_in_turns(program, folder / "sources")
            return
        _take_turns(postgres_stack(server, folder / "postgresql", "stack"), service, folder / "sources")


def _start_in_turns(program: Program, sources: Path) -> None:
    """Start today's code, the previous code and today's again on the same tables."""
    program.run("migrate")
    for each in (program, _of_sources(program, sources), program):
        with each.running(), client() as http:
            ready = http.get(f"{each.url}/readyz")
            assert ready.is_success, f"{each.name} is not ready: {ready.text}"


def _take_turns(stack: ServiceStack, service: str, sources: Path) -> None:
    """Run requests on today's code, the previous code and today's again, on the same rows."""
    ann, bob, eve = (Person(f"{name}@example.com") for name in ("ann", "bob", "eve"))
    with _said_of("today's code"):
        _run(stack, created=[ann], verified=[ann])
    with _said_of(f"the {service} of before"):
        _run(_before(stack, service, sources), created=[bob, eve], verified=[ann, bob], cleaned_up=[eve])
    with _said_of(f"today's code after the {service} of before"):
        _run(stack, verified=[ann, bob], cleaned_up=[bob])


@contextmanager
def _said_of(code: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{code}: {error}") from error


def _before(stack: ServiceStack, service: str, sources: Path) -> ServiceStack:
    """Return the stack with the previous code of the service."""
    part = _IN_STACK[service]
    return replace(stack, **{part: _of_sources(getattr(stack, part), sources)})


def _of_sources(program: Program, sources: Path) -> Program:
    path = os.pathsep.join([str(sources), *_wheels(), str(sources.parent / "wheels")])
    # Without -P, today's sources in the working directory would be imported first.
    module = f"services.{program.name}"
    return program.by("/usr/bin/env", f"PYTHONPATH={path}", sys.executable, "-P", "-m", module)


def _generate_clients(sources: Path) -> None:
    """Generate the clients of the services by the contracts of the sources; a build would generate them too."""
    for contract in sorted(sources.glob("services/*/openapi.json")):
        service, stripped = contract.parent.name, contract.with_name("stripped.json")
        _run_tool("strip", "--contract", str(contract), "--output", str(stripped))
        folder = str(contract.parent / "client")
        _run_tool("generate", "--service", service, "--contract", str(stripped), "--output", folder)


def _run_tool(*arguments: str) -> None:
    command = [str(_ROOT / "tools/client_generator/client_generator"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HistoryError(f"the clients of the code before cannot be generated: {done.stderr.strip()}")


def _install_wheels(folder: Path) -> None:
    """Install the wheels that only the lock of the sources has into `folder/wheels`."""
    locks = (folder / "sources" / "requirements_lock.txt", _ROOT / "requirements_lock.txt")
    command = [str(_ROOT / "tools/requirements/install"), *map(str, locks), str(folder / "wheels")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HistoryError(f"the wheels of the code before cannot be installed: {done.stderr.strip()}")


def _wheels() -> Sequence[str]:
    """Return the folders of today's wheels, without today's sources."""
    return [path for path in sys.path if Path(path).name == "site-packages"]


def _run(
    stack: ServiceStack,
    *,
    created: Sequence[Person] = (),
    verified: Sequence[Person] = (),
    cleaned_up: Sequence[Person] = (),
) -> None:
    with stack.users.running(), stack.products.running(), client() as http:
        for program in (stack.users, stack.products):
            ready = http.get(f"{program.url}/readyz")
            assert ready.is_success, f"{program.name} is not ready: {ready.text}"
        scenario = CompatScenario(stack, http)
        for person in created:
            scenario.create(person)
        for person in verified:
            scenario.verify(person)
        for person in cleaned_up:
            scenario.clean_up(person)


def _workspace() -> Path:
    """Return the folder of the repository, from which `bazel run` started this program."""
    command = "bazel run //tests/previous"
    argparse.ArgumentParser(prog=command, description=__doc__).parse_args()
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not workspace:
        sys.exit(f"error: BUILD_WORKSPACE_DIRECTORY is not set: start this program by `{command}`")
    return Path(workspace)


if __name__ == "__main__":
    sys.exit(main(_workspace()))

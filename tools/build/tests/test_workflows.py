"""What the workflows may do, and by whose code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

_WORKFLOWS = sorted(Path(".github/workflows").glob("*.yml"))
_PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in _WORKFLOWS:
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()


def _runs_pull_requests(job: dict[str, Any]) -> bool:
    return "event_name == 'push'" not in str(job.get("if"))


def test_there_are_workflows() -> None:
    """Or the tests below would be of nothing."""
    assert [path.stem for path in _WORKFLOWS] == ["ci", "weekly"]


@pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_its_commit(path: Path) -> None:
    """A tag moves; the version behind the commit is for people."""
    lines = [line.partition("uses: ")[2] for line in path.read_text(encoding="utf-8").splitlines() if "uses: " in line]
    assert lines
    assert [line for line in lines if not _PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.stem)
def test_no_secret_is_needed(path: Path) -> None:
    """The job's own token does, so that a fork can run everything; and nobody gets it by `pull_request_target`."""
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


def test_no_checkout_leaves_the_token_behind() -> None:
    """What a job builds and runs could read it from the clone's settings."""
    checkouts = [step for _, job in _jobs() for step in job["steps"] if "checkout@" in step.get("uses", "")]
    assert checkouts
    assert [step for step in checkouts if step.get("with", {}).get("persist-credentials") is not False] == []


def test_whoever_may_write_runs_nothing_of_a_pull_request() -> None:
    """A token that may write and code that somebody proposes never meet in one job."""
    writers = {name: job for name, job in _jobs() if "write" in job.get("permissions", {}).values()}
    assert sorted(writers) == ["comment", "deploy"]
    for job in writers.values():
        if _runs_pull_requests(job):
            assert all("checkout" not in step.get("uses", "") for step in job["steps"])


def test_what_somebody_named_is_no_shell() -> None:
    """Names of branches and targets come by the environment: put into a script they would be run."""
    steps = [step for _, job in _jobs() for step in job["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []

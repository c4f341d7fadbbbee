"""The permissions of the GitHub workflows, and the code that they run."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

_WORKFLOWS = sorted(Path(".github/workflows").glob("*.yml"))
_PINNED = re.compile(r"[\w-]+/[\w-]+(/[\w-]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in _WORKFLOWS:
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()


def _runs_pull_requests(job: dict[str, Any]) -> bool:
    return "event_name == 'push'" not in str(job.get("if"))


_LINT = ["-m", "jactionlint", "--no-online", "--shellcheck=", "--pyflakes=", "--profile=correctness"]
_BROKEN = """
name: broken
on: push
permissions:
  contents: read
jobs:
  one:
    runs-on: ubuntu-24.04
    needs: two
    steps:
      - run: echo "${{ github.event.head_commit.message }}"
"""


def _lint(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Run jactionlint, a fork of actionlint, without the network; warnings are ignored."""
    return subprocess.run([sys.executable, *_LINT, *map(str, paths)], capture_output=True, text=True, check=False)


def test_there_are_workflows() -> None:
    """The list of workflows is complete, so the tests below check all of them."""
    assert [path.stem for path in _WORKFLOWS] == ["ci", "weekly"]


def test_workflows_have_no_errors() -> None:
    """Keys, expressions, inputs of actions and needed jobs are valid, and no script takes untrusted input."""
    result = _lint(*_WORKFLOWS)
    assert (result.returncode, result.stdout) == (0, "")


def test_a_broken_workflow_has_errors(tmp_path: Path) -> None:
    """The linter finds an unknown job and untrusted input, so it is not switched off by mistake."""
    broken = tmp_path / "broken.yml"
    broken.write_text(_BROKEN)
    result = _lint(broken)
    assert result.returncode == 1
    assert re.findall(r"\[([\w-]+)\]$", result.stdout, re.MULTILINE) == ["undefined-job-needs", "template-injection"]


@pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_its_commit(path: Path) -> None:
    """Actions are pinned by commit because tags can be moved; the comment behind the commit names the version."""
    lines = [line.partition("uses: ")[2] for line in path.read_text(encoding="utf-8").splitlines() if "uses: " in line]
    assert lines
    assert [line for line in lines if not _PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.stem)
def test_no_secret_is_needed(path: Path) -> None:
    """Workflows need no secret, so forks can run them; the token is read-only by default."""
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


def test_no_checkout_leaves_the_token_behind() -> None:
    """The token is not stored in the clone's git configuration, where code that the job runs could read it."""
    checkouts = [step for _, job in _jobs() for step in job["steps"] if "checkout@" in step.get("uses", "")]
    assert checkouts
    assert [step for step in checkouts if step.get("with", {}).get("persist-credentials") is not False] == []


def test_whoever_may_write_runs_nothing_of_a_pull_request() -> None:
    """No job with write permission runs the code of a pull request."""
    writers = {name: job for name, job in _jobs() if "write" in job.get("permissions", {}).values()}
    assert sorted(writers) == ["comment", "deploy"]
    for job in writers.values():
        if _runs_pull_requests(job):
            assert all("checkout" not in step.get("uses", "") for step in job["steps"])


def test_what_somebody_named_is_no_shell() -> None:
    """Scripts read names of branches and targets from environment variables, since `${{ }}` allows injection."""
    steps = [step for _, job in _jobs() for step in job["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_a_fork_needs_no_variable() -> None:
    """The only variable is IMAGE_REGISTRY, which has a default; images are built without DEBIAN_MIRROR."""
    texts = [path.read_text(encoding="utf-8") for path in _WORKFLOWS]
    assert not any("DEBIAN_MIRROR" in text for text in texts)
    assert {name for text in texts for name in re.findall(r"vars\.(\w+)", text)} == {"IMAGE_REGISTRY"}


def test_jobs_that_build_may_make_namespaces() -> None:
    """Jobs that run bazelw use privileged containers, since Ubuntu's runners forbid user namespaces."""
    jobs = {name: job for name, job in _jobs() if any("bazelw" in step.get("run", "") for step in job["steps"])}
    assert sorted(jobs) == ["affected", "bazel_versions", "deploy", "from_nothing", "image", "locks", "security"]
    assert {name for name, job in jobs.items() if "--privileged" not in job["container"]["options"]} == set()


def test_each_version_of_bazel_is_tested_in_registry_mode() -> None:
    """The matrix of the job has the version in .bazelversion and the version of the air-gapped mode."""
    job = dict(_jobs())["bazel_versions"]
    named = [Path(path).read_text(encoding="utf-8").strip() for path in (".bazelversion", "tools/airgap/bazel_version")]
    assert sorted(job["strategy"]["matrix"]["bazel"]) == sorted(named)
    assert job["env"] | {"BAZELW_MODE": "bazelisk", "USE_BAZEL_VERSION": "${{ matrix.bazel }}"} == job["env"]
    assert "./bazelw test //..." in [step.get("run") for step in job["steps"]]


def test_a_cache_is_written_anew_and_by_main_alone() -> None:
    """The key has the run id, because keys are never overwritten; pull requests must not change the cache of main."""
    uses = [(name, step) for name, job in _jobs() for step in job["steps"] if "actions/cache" in step.get("uses", "")]
    assert [name for name, step in uses if "cache/save@" in step["uses"]] == ["deploy"]
    assert all("cache/save@" in step["uses"] or "cache/restore@" in step["uses"] for _, step in uses)
    assert {step["with"]["key"] for _, step in uses} == {"bazel-${{ github.run_id }}"}
    restored = [step for _, step in uses if "cache/restore@" in step["uses"]]
    assert all(step["with"]["restore-keys"] == "bazel-" for step in restored)


def test_plan_reads_the_registry_that_is_pushed_to() -> None:
    """Plan and push get the registry from the same variable."""
    deploy = dict(_jobs())["deploy"]
    plans = [line for step in deploy["steps"] for line in step.get("run", "").splitlines() if "//deploy:plan" in line]
    assert plans
    assert all('--registry "$IMAGE_REGISTRY"' in line for line in plans)


def test_contracts_are_compared_with_the_base_of_a_pull_request() -> None:
    """The job fetches the whole history, which the merge base requires."""
    job = dict(_jobs())["affected"]
    commands = [step.get("run") for step in job["steps"]]
    assert './bazelw run //tools/contracts:check -- --since "$BASE"' in commands
    assert './bazelw run //tools/events:compatibility -- --since "$BASE"' in commands
    assert job["env"]["BASE"] == "origin/${{ github.base_ref }}"
    [checkout] = [step for step in job["steps"] if "checkout@" in step.get("uses", "")]
    assert checkout["with"]["fetch-depth"] == 0

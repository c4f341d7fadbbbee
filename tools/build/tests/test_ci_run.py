"""The script that CI runs, with a fake bazelw whose output comes from a file."""

import os
import pathlib
import shutil
import subprocess

import pytest

GREEN = "//a:one                        PASSED in 0.1s\n//a:two               (cached) PASSED in 0.1s\n"
SECOND = "//a:one               (cached) PASSED in 0.1s\n//a:two               (cached) PASSED in 0.1s\n"
FAKE = """#!/usr/bin/env bash
# test: prints answer.N for the N-th time; everything else succeeds unless a file of its name says otherwise.
here=$(dirname "$0")
echo "$* (cache: $BAZELW_CACHE, input: $(cat))" >>"$here/calls"
if [ "$1" = test ]; then
  n=$(($(cat "$here/n" 2>/dev/null || echo 0) + 1))
  echo "$n" >"$here/n"
  cat "$here/answer.$n"
  exit "$(cat "$here/status.$n" 2>/dev/null || echo 0)"
fi
[ ! -e "$here/$1.fails" ]
"""


class Checkout:
    """A checkout with the script and a fake bazelw."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.said = ""
        (folder / ".ci").mkdir()
        shutil.copy(".ci/run", folder / ".ci" / "run")
        (folder / "bazelw").write_text(FAKE)
        (folder / "bazelw").chmod(0o755)
        (folder / "bin").mkdir()
        self.free(gigabytes=10)
        self.answers(GREEN, SECOND)

    def answers(self, *texts: str) -> None:
        """Set the output of each `bazelw test`."""
        for number, text in enumerate(texts, start=1):
            (self.folder / f"answer.{number}").write_text(text)

    def free(self, *, gigabytes: int) -> None:
        """Set the free space of the disk."""
        df = self.folder / "bin" / "df"
        df.write_text(f"#!/bin/sh\necho Filesystem and so on; echo /dev/a 99999999 9 {gigabytes * 1024**2} 9% /\n")
        df.chmod(0o755)

    def run(self, **variables: str) -> tuple[int, str, list[str]]:
        """Run the script from another folder; return exit code, last line and the calls of bazelw."""
        process = subprocess.run(
            ["bash", str(self.folder / ".ci" / "run")],
            cwd="/",
            env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "TMPDIR": str(self.folder)} | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said = process.stdout
        log = self.folder / "calls"
        calls = log.read_text().splitlines() if log.exists() else []
        return process.returncode, (process.stdout or process.stderr).splitlines()[-1], calls


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> Checkout:
    """A checkout whose tests pass."""
    folder = tmp_path / "check out"
    folder.mkdir()
    return Checkout(folder)


def test_green_run_counts_tests_and_proofs(checkout: Checkout) -> None:
    """Two tests, the second run, those under load and under another date, and buildifier make six."""
    status, last, calls = checkout.run()
    assert (status, last) == (0, "6 passed, 0 failed")
    assert calls[0].startswith("test //... (cache: ")


def test_disk_without_room_is_told_at_once(checkout: Checkout) -> None:
    """With too little disk space nothing runs, because a full disk later would leave tests without a status."""
    checkout.free(gigabytes=9)
    status, last, calls = checkout.run()
    assert (status, calls) == (1, [])
    assert last.startswith(f".ci/run: {checkout.folder} has 9 GB free and a run needs 10; make room")
    assert not list(checkout.folder.glob("ci-*"))


def test_folder_that_is_not_there(checkout: Checkout) -> None:
    """The run ends with an error if its folder cannot be created."""
    status, last, calls = checkout.run(TMPDIR="/nowhere")
    assert (status, calls) == (1, [])
    assert "/nowhere" in last


def test_cache_is_new_and_is_removed(checkout: Checkout) -> None:
    """Bazel starts with an empty cache and without a terminal, and the cache is removed."""
    _, _, calls = checkout.run()
    assert f"(cache: {checkout.folder}/ci-" in calls[0]
    assert calls[0].endswith("input: )")
    assert calls[-1].startswith("shutdown")
    assert not list(checkout.folder.glob("ci-*"))


def test_cache_may_be_kept(checkout: Checkout) -> None:
    """CI_CACHE names a cache folder that is kept between runs."""
    _, _, calls = checkout.run(CI_CACHE="/kept")
    assert "(cache: /kept," in calls[0]


def test_red_test_is_counted(checkout: Checkout) -> None:
    """Tests that fail twice fail the script, which prints their number and skips the proofs."""
    red = "//a:one   PASSED in 1s\n//a:two   FAILED in 1s\n  /log\n//a:three   NO STATUS\n//a:four   SKIPPED\n"
    checkout.answers(red, red)
    for number in (1, 2):
        (checkout.folder / f"status.{number}").write_text("3")
    status, last, calls = checkout.run()
    assert (status, last) == (1, "1 passed, 2 failed, 1 skipped")
    assert len(calls) == 3


def test_unsteady_test_is_named(checkout: Checkout) -> None:
    """A test that passes only at the second try does not fail the run, but is listed in the output."""
    checkout.answers("//a:one   PASSED in 1s\n//a:two   FAILED in 1s\n  /log\n", GREEN, SECOND)
    (checkout.folder / "status.1").write_text("3")
    status, last, calls = checkout.run()
    assert (status, last) == (0, "6 passed, 0 failed")
    assert calls[1].startswith("test //... --local_test_jobs=1 (")
    assert "passed only at the second try: //a:two\n" in checkout.said


def test_broken_build_is_red(checkout: Checkout) -> None:
    """If no test ran, the failed command counts as one failure."""
    checkout.answers("ERROR: no such package\n")
    (checkout.folder / "status.1").write_text("1")
    status, last, _ = checkout.run()
    assert (status, last) == (1, "0 passed, 1 failed")


def test_test_that_runs_again_is_red(checkout: Checkout) -> None:
    """A test that runs again in an unchanged tree is not hermetic, and fails the run."""
    checkout.answers(GREEN, GREEN)
    assert checkout.run()[:2] == (1, "5 passed, 1 failed")


def test_code_with_a_date_in_it_is_red(checkout: Checkout) -> None:
    """The tests of libraries and services run again with a later date."""
    for number in (4, 5):
        (checkout.folder / f"status.{number}").write_text("3")
    status, last, calls = checkout.run()
    assert (status, last) == (1, "5 passed, 1 failed")
    assert "--run_under=//tools/clock:ahead" in calls[3]
    assert "//libs/... //services/... //tools/clock:test_ahead" in calls[3]


def test_missing_buildifier_is_red(checkout: Checkout) -> None:
    """The run fails if format tests are skipped because buildifier is missing."""
    (checkout.folder / "build.fails").touch()
    assert checkout.run()[:2] == (1, "5 passed, 1 failed")


def test_proofs_run_where_they_exist(checkout: Checkout) -> None:
    """Each existing proof is called with its arguments, which can have spaces, and is counted."""
    proofs = {
        "tools/lint": "fix",
        "tools/contracts": "check",
        "tools/events": "compatibility",
        "tools/affected": "audit",
        "tools/docs": "docs",
    }
    for package, name in proofs.items():
        (checkout.folder / package).mkdir(parents=True)
        (checkout.folder / package / "BUILD.bazel").write_text(f'py_binary(\n    name = "{name}",\n)\n')
    status, last, calls = checkout.run()
    assert (status, last) == (0, "12 passed, 0 failed")
    runs = [call.partition(" (")[0] for call in calls if call.startswith("run")]
    # Two lists of proofs run at the same time.
    docs = "run //tools/docs -- --skip ./bazelw test //..."
    assert docs in runs
    assert [run for run in runs if run != docs] == [
        "run //tools/oci/base:outdated",
        "run //tools/lint:fix -- --check",
        "run //tools/contracts:check -- --since HEAD~1",
        "run //tools/events:compatibility -- --since HEAD~1",
        "run //tools/affected:audit -- --mutations 150 --seed 2",
        "run //tools/affected:audit -- --on repository --mutations 15 --seed 17 --no-baselines --min-precision 0.5",
    ]


@pytest.mark.parametrize(("package", "name"), [("tools/lint", "fix"), ("tools/docs", "docs")])
def test_failed_proof_is_red(checkout: Checkout, package: str, name: str) -> None:
    """A proof of either list that does not hold fails the run."""
    (checkout.folder / package).mkdir(parents=True)
    (checkout.folder / package / "BUILD.bazel").write_text(f'py_binary(name = "{name}")\n')
    (checkout.folder / "run.fails").touch()
    assert checkout.run()[:2] == (1, "6 passed, 1 failed")

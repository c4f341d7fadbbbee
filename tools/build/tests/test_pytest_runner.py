"""The runner, started as Bazel starts it, on small test files."""

import dataclasses
import os
import pathlib
import pty
import select
import subprocess
import sys
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

RUNNER = pathlib.Path("tools/build/pytest_runner.py").absolute()
PASSING = "def test_one():\n    pass\n\ndef test_two():\n    pass\n\ndef test_three():\n    pass\n"


@dataclasses.dataclass(frozen=True)
class Run:
    """The result of one run of the runner."""

    status: int
    output: str


class Workspace:
    """A runfiles folder with the repository's settings and the files of one test."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        settings = pathlib.Path("pyproject.toml").read_text()
        (folder / "pyproject.toml").write_text(settings)

    def write(self, path: str, text: str) -> str:
        """Write a file and return its path from the root."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return path

    def run(self, *files: str, arguments: Sequence[str] = (), **protocol: str) -> Run:
        """Run the tests of these files with these variables of the test protocol set."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
            "TEST_TARGET": "//some:test",
            **protocol,
        }
        process = subprocess.run(
            [sys.executable, str(RUNNER), *files, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(process.returncode, process.stdout + process.stderr)


@pytest.fixture
def workspace(tmp_path: pathlib.Path) -> Workspace:
    """An empty runfiles folder."""
    return Workspace(tmp_path)


def test_passing_tests_are_green(workspace: Workspace) -> None:
    """All tests pass, so the status is 0."""
    run = workspace.run(workspace.write("libs/test_a.py", PASSING))
    assert (run.status, "3 passed" in run.output) == (0, True), run.output


def test_failing_test_is_red(workspace: Workspace) -> None:
    """One failing test gives status 1 and an explanation without colours."""
    run = workspace.run(workspace.write("test_a.py", "def test_sum():\n    assert 1 + 1 == 3\n"))
    assert run.status == 1
    assert "assert (1 + 1) == 3" in run.output
    assert "\x1b[" not in run.output


def test_nothing_collected_is_red(workspace: Workspace) -> None:
    """A file without tests fails, and the message says which names pytest collects."""
    run = workspace.run(workspace.write("test_a.py", "def check_sum():\n    pass\n"))
    assert run.status == 5
    assert "//some:test: no test was collected: name tests test_*" in run.output


def test_broken_import_is_red(workspace: Workspace) -> None:
    """A file that cannot be imported fails even if it has no test."""
    run = workspace.run(workspace.write("test_a.py", "import libs.missing\n"))
    assert run.status == 2
    assert "No module named 'libs" in run.output


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        ("import libs.auth.tokens", 'no module libs.auth; add to deps: "//libs/auth"'),
        (
            "from libs.part.two import x",
            "no module libs.part.two; add to deps: the library of //libs/part that has two.py",
        ),
        ("import absent_wheel.api", 'no module absent_wheel; add to deps: "@pip//absent_wheel", or'),
    ],
)
@pytest.mark.parametrize("text", ["{}\n\ndef test_a():\n    pass\n", "def test_a():\n    {}\n"])
def test_undeclared_import_names_the_dependency(workspace: Workspace, statement: str, advice: str, text: str) -> None:
    """A module that is not found, at import of the file or in a test, is reported with the entry that deps lacks."""
    for folder in ("libs", "libs/part"):
        workspace.write(f"{folder}/__init__.py", "")
    path = os.pathsep.join([str(workspace.folder), *filter(None, sys.path)])
    run = workspace.run(workspace.write("test_a.py", text.format(statement)), PYTHONPATH=path)
    assert run.status != 0
    assert run.output.count(f"//some:test: {advice}") == 1


def test_other_errors_name_no_dependency(workspace: Workspace) -> None:
    """A wrong name in an existing module is not reported as a missing dependency."""
    run = workspace.run(workspace.write("test_a.py", "from os import absent\n"))
    assert run.status != 0
    assert "add to deps" not in run.output


def test_warning_is_red(workspace: Workspace) -> None:
    """A warning is an error."""
    text = "import warnings\n\ndef test_old():\n    warnings.warn('old', DeprecationWarning)\n"
    run = workspace.run(workspace.write("test_a.py", text))
    assert (run.status, "DeprecationWarning: old" in run.output) == (1, True), run.output


def test_unknown_marker_is_red(workspace: Workspace) -> None:
    """An undeclared marker is an error."""
    text = "import pytest\n\n@pytest.mark.slwo\ndef test_a():\n    pass\n"
    run = workspace.run(workspace.write("test_a.py", text))
    assert (run.status, "'slwo' not found" in run.output) == (2, True), run.output


def test_async_test_runs(workspace: Workspace) -> None:
    """A coroutine is awaited without a marker."""
    text = "async def test_a():\n    assert False, 'awaited'\n"
    run = workspace.run(workspace.write("test_a.py", text))
    assert (run.status, "awaited" in run.output) == (1, True), run.output


USES_A_LIBRARY = """
from libs.sums import add

def test_add(two):
    assert add(two, two) == 4
    assert __name__ == "libs.tests.test_sums"
"""
CONFTEST = "import pytest\n\n@pytest.fixture\ndef two():\n    return 2\n"


def test_imports_are_paths_from_the_root(workspace: Workspace) -> None:
    """A test imports first-party code by its path, and the conftest.py in its folder is used."""
    workspace.write("libs/__init__.py", "")
    workspace.write("libs/sums.py", "def add(a, b):\n    return a + b\n")
    workspace.write("libs/tests/conftest.py", CONFTEST)
    test = workspace.write("libs/tests/test_sums.py", USES_A_LIBRARY)
    path = os.pathsep.join([str(workspace.folder), *filter(None, sys.path)])
    run = workspace.run(test, PYTHONPATH=path)
    assert run.status == 0, run.output


def test_the_runners_folder_is_not_importable(workspace: Workspace) -> None:
    """Modules beside the runner do not become top-level modules of every test."""
    run = workspace.run(workspace.write("test_a.py", "import pytest_runner\n\ndef test_a():\n    pass\n"))
    assert (run.status, "No module named 'pytest_runner'" in run.output) == (2, True), run.output


@pytest.mark.parametrize(
    ("wanted", "passed"),
    [
        ("two", 1),
        ("two or three", 2),
        ("not one", 2),
        ("test_a.py::test_one", 1),
        ("libs/test_a.py::test_one", 1),
        ("test_a.py", 3),
    ],
)
def test_filter_selects(workspace: Workspace, wanted: str, passed: int) -> None:
    """--test_filter takes a -k expression or a node id."""
    run = workspace.run(workspace.write("libs/test_a.py", PASSING), TESTBRIDGE_TEST_ONLY=wanted)
    assert (run.status, f"{passed} passed" in run.output) == (0, True), run.output


@pytest.mark.parametrize("wanted", ["nine", "test_a.py::test_nine", "a.py::test_one"])
def test_filter_without_a_match_is_red(workspace: Workspace, wanted: str) -> None:
    """A filter that matches no test is an error, because it is probably misspelt."""
    run = workspace.run(workspace.write("test_a.py", PASSING), TESTBRIDGE_TEST_ONLY=wanted)
    assert run.status == 5
    assert f"none of the 3 tests collected matches --test_filter={wanted}" in run.output


PARAMETRIZED = """
import pytest

@pytest.mark.parametrize("n", [1, 2])
def test_n(n):
    pass

def test_no():
    pass
"""


def test_filter_takes_every_case_of_a_test(workspace: Workspace) -> None:
    """A node id without brackets names all its parameters."""
    file = workspace.write("test_a.py", PARAMETRIZED)
    run = workspace.run(file, TESTBRIDGE_TEST_ONLY="test_a.py::test_n")
    assert "2 passed, 1 deselected" in run.output, run.output


def test_shards_share_every_test_once(workspace: Workspace) -> None:
    """Two shards run each test exactly once, and each reports to Bazel that it supports sharding."""
    file = workspace.write("test_a.py", PASSING)
    outputs = []
    for index in range(2):
        status_file = workspace.folder / f"shard{index}"
        run = workspace.run(
            file,
            arguments=["-v"],
            TEST_TOTAL_SHARDS="2",
            TEST_SHARD_INDEX=str(index),
            TEST_SHARD_STATUS_FILE=str(status_file),
        )
        assert run.status == 0, run.output
        assert status_file.exists()
        outputs.append(run.output)
    for name in ("test_one", "test_two", "test_three"):
        assert sum(f"::{name} PASSED" in output for output in outputs) == 1


def test_shard_with_nothing_to_do_is_green(workspace: Workspace) -> None:
    """A shard that is empty because there are more shards than tests passes."""
    file = workspace.write("test_a.py", "def test_only():\n    pass\n")
    run = workspace.run(file, TEST_TOTAL_SHARDS="2", TEST_SHARD_INDEX="1")
    assert run.status == 0, run.output


def test_shard_of_an_empty_file_is_red(workspace: Workspace) -> None:
    """A file without tests fails also with sharding."""
    run = workspace.run(workspace.write("test_a.py", ""), TEST_TOTAL_SHARDS="2", TEST_SHARD_INDEX="1")
    assert run.status == 5, run.output


def test_junit_xml_is_written(workspace: Workspace) -> None:
    """Bazel gets one case per test, in a suite named as the target."""
    report = workspace.folder / "out.xml"
    workspace.run(workspace.write("libs/test_a.py", PASSING), XML_OUTPUT_FILE=str(report))
    suite = ElementTree.parse(report).getroot()[0]
    assert suite.get("name") == "//some:test"
    assert [case.get("name") for case in suite] == ["test_one", "test_two", "test_three"]


def test_fail_fast_stops_at_the_first_failure(workspace: Workspace) -> None:
    """With --test_runner_fail_fast no test runs after the first failure."""
    text = "def test_a():\n    assert False\n\ndef test_b():\n    assert False\n"
    run = workspace.run(workspace.write("test_a.py", text), TESTBRIDGE_TEST_RUNNER_FAIL_FAST="1")
    assert "1 failed" in run.output, run.output


def test_nothing_is_written_beside_the_sources(workspace: Workspace) -> None:
    """A run leaves neither a cache nor bytecode."""
    workspace.run(workspace.write("test_a.py", PASSING))
    assert {path.name for path in workspace.folder.iterdir()} == {"pyproject.toml", "test_a.py"}


def test_two_versions_of_a_distribution_are_refused(workspace: Workspace) -> None:
    """Two versions of a distribution on sys.path are an error that names both folders."""
    for folder, version in (("a", "1.0"), ("b", "2.0")):
        workspace.write(f"{folder}/site-packages/example-{version}.dist-info/METADATA", "")
    file = workspace.write("test_it.py", PASSING)
    folders = [str(workspace.folder / folder / "site-packages") for folder in "ab"]
    path = os.pathsep.join([*filter(None, sys.path), *folders])
    run = workspace.run(file, PYTHONPATH=path)
    assert run.status != 0
    assert "two versions of example are on its path, 1.0 in " in run.output
    assert all(folder in run.output for folder in folders)
    assert " passed" not in run.output


def test_debugger_reads_from_the_terminal(workspace: Workspace) -> None:
    """A test that `bazel run` started in a background process group of a terminal reads what is typed."""
    file = workspace.write("test_a.py", "def test_reads():\n    print('typed:', input())\n")
    process, terminal = pty.fork()
    if not process:
        runner = subprocess.Popen([sys.executable, str(RUNNER), file, "-s"], cwd=workspace.folder, process_group=0)
        try:
            status = runner.wait(timeout=30)
        except subprocess.TimeoutExpired:
            runner.kill()
            status = 1
        os._exit(status)
    try:
        os.write(terminal, b"hello\n")
        output = read_all(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, output
        assert "typed: hello" in output
    finally:
        os.close(terminal)


def read_all(terminal: int) -> str:
    """Return what is written to a terminal until its last process ends, for at most 60 seconds."""
    output = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            output += os.read(terminal, 4096)
        except OSError:  # Linux has no end of file for terminals.
            break
    return output.decode()

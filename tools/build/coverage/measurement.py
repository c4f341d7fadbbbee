"""Measures which lines and branches a test executes.

`bazel coverage` sets COVERAGE_MANIFEST, a file with the paths of the sources to measure, and COVERAGE_DIR, a folder in
which it expects reports named `*.dat` in the format of LCOV. coverage.py measures; its settings are in pyproject.toml.
"""

import contextlib
import importlib.util
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import coverage

# Python imports `sitecustomize` at its start, from PYTHONPATH too. coverage.py documents this for processes that a test
# starts; the `.pth` file of its wheel has no effect, because Bazel puts wheels on sys.path without a site folder.
_SITECUSTOMIZE = """\
import coverage

coverage.process_startup()
"""


@contextlib.contextmanager
def measured(environment: Mapping[str, str]) -> Iterator[None]:
    """Measure this process and the Python processes that it starts, and write the report at the end.

    Args:
        environment: The variables that Bazel sets for a test with coverage.
    """
    folder = Path(environment["COVERAGE_DIR"])
    sources = _sources(Path(environment["COVERAGE_MANIFEST"]))
    if not sources:
        yield
        return
    settings = folder / "coverage.ini"
    settings.write_text(_settings(folder / "data", list(sources)), encoding="utf-8")
    _measure_children(folder / "site", settings)
    measurement = coverage.Coverage(config_file=str(settings))
    measurement.start()
    try:
        yield
    finally:
        measurement.stop()
        measurement.save()
        _report(settings, sources, folder / "python.dat")


def _sources(manifest: Path) -> dict[str, str]:
    """Return the Python files of the main repository that the manifest lists, by their real paths.

    coverage.py resolves the symbolic links of which runfiles consist.
    """
    listed = manifest.read_text(encoding="utf-8").splitlines()
    return {os.path.realpath(path): path for path in listed if path.endswith(".py") and Path(path).is_file()}


def _settings(data: Path, sources: list[str]) -> str:
    # SQLAlchemy runs synchronous code in greenlets, whose lines are lost without this.
    concurrency = "thread, greenlet" if importlib.util.find_spec("greenlet") else "thread"
    lines = [
        "[run]",
        "branch = True",
        f"concurrency = {concurrency}",
        f"data_file = {data}",
        "disable_warnings = no-data-collected",
        "parallel = True",
        "sigterm = True",
        "include =",
        *[f"    {source}" for source in sources],
    ]
    return "\n".join([*lines, ""])


def _measure_children(site: Path, settings: Path) -> None:
    site.mkdir()
    (site / "sitecustomize.py").write_text(_SITECUSTOMIZE, encoding="utf-8")
    os.environ["COVERAGE_PROCESS_START"] = str(settings)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))


def _report(settings: Path, sources: Mapping[str, str], report: Path) -> None:
    """Write the report of all processes, with the paths of the manifest; files that never ran are in it too."""
    total = coverage.Coverage(config_file=str(settings))
    total.combine()
    data = total.get_data()
    data.add_arcs({})  # coverage.py refuses to add files to data that measured nothing.
    data.touch_files(sources)
    total.lcov_report(outfile=str(report))
    lines = report.read_text(encoding="utf-8").splitlines()
    report.write_text("\n".join([*(_with_own_path(line, sources) for line in lines), ""]), encoding="utf-8")


def _with_own_path(line: str, sources: Mapping[str, str]) -> str:
    name, colon, path = line.partition(":")
    return f"{name}{colon}{sources[os.path.realpath(path)]}" if name == "SF" else line

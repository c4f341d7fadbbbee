"""Runs mypy as one action or test of the build.

Its argument is a JSON file that lists what to check. Third-party code is found as mypy finds an
environment's packages, through this process's own path, so that errors inside it are not reported.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import sys
import tempfile
from typing import Self

import mypy.api

_ADVICE = """\
A module that is not found is missing in the deps of the target that imports it: add "//libs/NAME" for libs.NAME, or
"@pip//NAME" for a third-party package; in a fastapi_service, add NAME to its packages. A new third-party package goes
into requirements.in first.
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """One run of mypy; every path is relative to the working directory.

    `cache` is the folder that an earlier run wrote for the wheels; `write_cache` is the folder that
    this run shall write. At most one of them is set.
    """

    config: str
    files: list[str]
    imports: list[str]
    cache: str = ""
    write_cache: str = ""

    @classmethod
    def read(cls, path: str) -> Self:
        """Read what the rule wrote."""
        return cls(**json.loads(pathlib.Path(path).read_text()))


def cache_folder(check: Check) -> str:
    """Give the folder for mypy's cache: the one to write, or a copy of the one to start from."""
    if check.write_cache:
        return check.write_cache
    copy = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
    shutil.copytree(check.cache, copy, dirs_exist_ok=True, copy_function=shutil.copyfile)
    return copy


def main(arguments_file: str) -> int:
    """Check the files, print the output of mypy and return its exit status."""
    check = Check.read(arguments_file)
    here = {str(pathlib.Path.cwd())}
    sys.path[:] = [entry for entry in sys.path if entry not in here]
    sys.path.extend(str(pathlib.Path(folder).absolute()) for folder in check.imports)
    output, errors, status = mypy.api.run(
        [
            f"--config-file={check.config}",
            f"--cache-dir={cache_folder(check)}",
            "--no-color-output",
            "--no-error-summary",
            *check.files,
        ]
    )
    sys.stdout.write(output)
    if "[import-not-found]" in output:
        sys.stdout.write(_ADVICE)
    sys.stderr.write(errors)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

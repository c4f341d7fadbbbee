"""Runs a program of the graph: its runfiles on sys.path behind the standard library, nothing of the caller's.

The interpreter is started with -I, so PYTHON* variables, the user's site folder and the current folder do not count.
"""

import os
import runpy
import sys


def _import_paths(runfiles: str, *, imports: str, workspace: str) -> list[str]:
    """Return the root of the main repository, then the folder of each wheel."""
    return [f"{runfiles}/{path}" for path in [workspace, *filter(None, imports.split(":"))]]


def main() -> None:
    """Set up the process from the four leading arguments and run the program with the rest."""
    runfiles, program, imports, workspace = sys.argv[1:5]
    paths = _import_paths(runfiles, imports=imports, workspace=workspace)
    sys.path.extend(paths)
    # For children: a program of the graph finds its files, and `sys.executable -m` the same code.
    os.environ["RUNFILES_DIR"] = runfiles
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ["PYTHONNOUSERSITE"] = "1"
    sys.argv[:] = [f"{runfiles}/{program}", *sys.argv[5:]]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()

"""Runs a program of the graph: its runfiles on sys.path behind the standard library, nothing of the caller's.

The interpreter is started with -I, so PYTHON* variables, the user's site folder and the current folder do not count.
"""

import os
import runpy
import sys


def _import_paths(runfiles: str, *, imports: str, workspace: str) -> list[str]:
    """Return the root of the main repository, then the folder of each wheel."""
    return [os.path.join(runfiles, path) for path in [workspace, *filter(None, imports.split(":"))]]


def main() -> None:
    """Set up the process from the five leading arguments and run the program with the rest."""
    runfiles, program, imports, workspace = sys.argv[1:5]
    paths = _import_paths(os.path.abspath(runfiles), imports=imports, workspace=workspace)
    sys.path.extend(path for path in paths if path not in sys.path)
    # For children: a program of the graph finds its files, and `sys.executable -m` the same code.
    os.environ["RUNFILES_DIR"] = os.path.abspath(runfiles)
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ["PYTHONNOUSERSITE"] = "1"
    main_file = os.path.join(os.path.abspath(runfiles), program)
    sys.argv[:] = [main_file, *sys.argv[5:]]
    runpy.run_path(main_file, run_name="__main__")


if __name__ == "__main__":
    main()

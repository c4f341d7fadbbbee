"""A SQLite file is served by one process only."""

import subprocess
from pathlib import Path

import pytest

from tests.program import Program
from tests.service_stack import running_stack


@pytest.mark.parametrize("name", ["user_service", "product_service"])
def test_a_second_server_on_the_same_file_refuses_to_start(tmp_path: Path, name: str) -> None:
    """The second process ends with exit code 2 and one sentence with the reason."""
    with running_stack(tmp_path):
        too_many = Program(name, tmp_path)
        command, environment = [too_many.binary], too_many.environment
        second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    [line] = second.stderr.splitlines()
    assert line.startswith(f"{name}: {tmp_path}")
    assert "is served by another process" in line

"""Tests of the application that the services are compared with."""

import base64
import json
from pathlib import Path

import pytest

from tools.bench import baseline_app
from tools.bench.server_process import module_server
from tools.bench.setup import get
from tools.bench.wrk.command import LoadError, run_wrk


def test_baseline_verifies_tokens(tmp_path: Path) -> None:
    """A token of the application is accepted, one with other claims is rejected."""
    good = baseline_app.token()
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 4e9, "sub": "other"}).encode()).decode()
    forged = ".".join([good.split(".")[0], claims, good.split(".")[2]])
    path = f"/items/{baseline_app.ITEM}"
    with module_server("tools.bench.baseline_app", [f"sqlite:///{tmp_path / 'baseline.db'}"]) as server:
        assert run_wrk(server.address, get(path, good), seconds=1, connections=2).requests > 1
        with pytest.raises(LoadError, match="had a status of 400"):
            run_wrk(server.address, get(path, forged), seconds=1, connections=2)

"""What the services are compared with answers as it should, or the comparison would mean nothing."""

import base64
import json
from pathlib import Path

import pytest

from tools.bench import rival
from tools.bench.contestant import contestant, free_port, module, service
from tools.bench.load import UnexpectedAnswer, load, load_side_by_side
from tools.bench.stage import get
from tools.dev.demo import is_ready


def test_rival_reads_with_a_good_token_alone(tmp_path: Path) -> None:
    """The rival answers its own token, and no token that somebody made up."""
    good = rival.token()
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 4e9, "sub": "somebody"}).encode()).decode()
    forged = ".".join([good.split(".")[0], claims, good.split(".")[2]])
    with contestant("rival", "tools.bench.rival", [f"sqlite:///{tmp_path / 'rival.db'}"]) as server:
        path = f"/items/{rival.ITEM}"
        assert load(server.address, get(path, good), seconds=0.2, connections=2).requests > 1
        with pytest.raises(UnexpectedAnswer, match="403"):
            load(server.address, get(path, forged), seconds=0.2, connections=2)


def test_crowds_are_counted_apart() -> None:
    """Two crowds ask a shipped hello side by side, and the memory of the process is known."""
    port = free_port()
    program = module("tools.bench.shipped", str(port))
    with service("shipped", *program, port=port, is_ready=lambda: is_ready(f"http://127.0.0.1:{port}")) as server:
        crowds = {"hello": [get("/")] * 2, "health": [get("/livez")]}
        found = load_side_by_side(server.address, crowds, seconds=0.3)
        assert 20 < server.resident_megabytes() < 500
    assert all(found[name].requests >= len(crowd) for name, crowd in crowds.items())

"""The layer of fixed inputs: its bytes are the same on every machine, in both modes and for both architectures."""

import hashlib
import os
from pathlib import Path

import pytest

_RECORDED = "bdec275bb9f5ae397a4c7567cc2210c1032c92f5b58eece8ed0a8c65d88ead9d"


@pytest.mark.parametrize("architecture", ["AMD64", "ARM64"])
def test_layer_is_the_recorded_one(architecture: str) -> None:
    """It moves when these sources, the packer, the interpreter that ships or its zlib do, and then on purpose."""
    layers = [Path(layer) for layer in os.environ[architecture].split()]
    found = {layer.name.partition(".")[0]: hashlib.sha256(layer.read_bytes()).hexdigest() for layer in layers}
    assert found == {"tools_oci_testing": _RECORDED}

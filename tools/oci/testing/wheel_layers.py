"""Limits on the layers of wheels: how many an image has, and how large a wheel in a group may be."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MOST_LAYERS = 12
MOST_BYTES = 1_000_000
_GROUPS = "tools/oci/layers/wheel_groups.bzl"
_SUFFIX = "_third_party"


def layer_count_errors(config: Mapping[str, Any]) -> list[str]:
    """Return a sentence if an image's config names more than MOST_LAYERS layers of wheels."""
    count = sum(str(entry.get("created_by")).endswith(_SUFFIX) for entry in config["history"])
    if count <= MOST_LAYERS:
        return []
    return [
        f"{count} layers hold wheels, expected at most {MOST_LAYERS}. Take the smallest wheels that this service "
        f"has out of LARGE_WHEELS in {_GROUPS}, and raise MOST_BYTES in tools/oci/testing/wheel_layers.py to fit."
    ]


def grouped_wheel_errors(layers: Iterable[Path]) -> list[str]:
    """Return a sentence for each layer of a grouped wheel that is larger than MOST_BYTES."""
    sizes = {layer.name.partition(".")[0]: layer.stat().st_size for layer in layers}
    return [
        f"{wheel} has {size:,} bytes compressed, expected at most {MOST_BYTES:,} for a wheel that shares a layer. "
        f'Add "{wheel}" to LARGE_WHEELS in {_GROUPS}.'
        for wheel, size in sorted(sizes.items())
        if size > MOST_BYTES
    ]

"""The errors for too many layers of wheels, and for a wheel that is too large for a group, name the line to edit."""

from pathlib import Path

from tools.oci.testing.wheel_layers import MOST_BYTES, MOST_LAYERS, grouped_wheel_errors, layer_count_errors


def _config(count: int) -> dict[str, object]:
    third_party = {"created_by": "bazel build //services/x:image_amd64_third_party"}
    return {"history": [{"created_by": "bazel build //tools/oci/base:layer_amd64"}, *[third_party] * count]}


def test_limit_of_layers_counts_wheels_alone() -> None:
    """An image with twelve wheel layers passes, with any number of other layers."""
    assert layer_count_errors(_config(MOST_LAYERS)) == []


def test_one_layer_too_many_names_the_list() -> None:
    """The sentence has the number, the limit and the file to edit."""
    (error,) = layer_count_errors(_config(MOST_LAYERS + 1))
    assert error.startswith("13 layers hold wheels, expected at most 12.")
    assert "LARGE_WHEELS in tools/oci/layers/wheel_groups.bzl" in error


def test_large_wheel_in_a_group_is_named(tmp_path: Path) -> None:
    """The sentence has the wheel, its size and the line to add."""
    small, large = tmp_path / "small.tar.gz", tmp_path / "large.tar.gz"
    small.write_bytes(bytes(MOST_BYTES))
    large.write_bytes(bytes(MOST_BYTES + 1))
    (error,) = grouped_wheel_errors([small, large])
    assert error.startswith("large has 1,000,001 bytes compressed")
    assert 'Add "large" to LARGE_WHEELS in tools/oci/layers/wheel_groups.bzl.' in error

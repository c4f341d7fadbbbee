"""`tools/build/tracks/libraries.bzl` lists exactly the libraries that services on each track use."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.tracks import pins

Libraries = Mapping[str, Mapping[str, list[str]]]


def _differing(track: str) -> set[str]:
    main, other = pins("main"), pins(track)
    return {name.replace("-", "_") for name in main.keys() | other.keys() if main.get(name) != other.get(name)}


def _reached(services: list[dict[str, Any]], track: str) -> dict[str, str]:
    """Return the folders of libraries on a track that import a distribution with another version than on main."""
    return {
        folder: f"{service['service']} depends on it, and it imports {' and '.join(sorted(differing))}"
        for service in services
        if service["track"] == track
        for folder, distributions in service["libraries"].items()
        if (differing := _differing(track) & set(distributions))
    }


def _errors(services: list[dict[str, Any]], listed: Mapping[str, list[str]]) -> list[str]:
    errors = []
    for track in sorted({service["track"] for service in services} - {"main"} | listed.keys()):
        reached = _reached(services, track)
        named = set(listed.get(track, []))
        errors += [f"{track}: add {folder}: {reached[folder]}" for folder in sorted(reached.keys() - named)]
        errors += [
            f"{track}: remove {folder}: no service on the track depends on it and on a distribution that differs"
            for folder in sorted(named - reached.keys())
        ]
    return errors


@pytest.fixture(scope="module")
def services() -> list[dict[str, Any]]:
    """The track of each service and the libraries that it uses, as the build writes them."""
    return [json.loads(Path(path).read_text("utf-8")) for path in os.environ["SERVICES"].split()]


def test_tests_of_each_library_on_a_track_run_on_it(services: list[dict[str, Any]]) -> None:
    """LIBRARIES in tools/build/tracks/libraries.bzl names every library to test on a track, and no other."""
    assert _errors(services, json.loads(os.environ["LIBRARIES"])) == []


def test_missing_and_needless_folders_are_named(services: list[dict[str, Any]]) -> None:
    """A folder that is missing is named with the service that reaches it, and one that nothing reaches is named too."""
    fixture = [service for service in services if service["service"] == "//tests/tracks/track_service"]
    missing, needless = _errors(fixture, {"previous_minor": ["libs/mail"]})
    assert missing == (
        "previous_minor: add libs/auth: //tests/tracks/track_service depends on it, "
        "and it imports httpcore2 and httpx2 and pydantic and pydantic_core"
    )
    assert (
        needless
        == "previous_minor: remove libs/mail: no service on the track depends on it and on a distribution that differs"
    )

"""Putting targets on a dependency track."""

load("@tracks//:tracks.bzl", "TRACKS")

visibility(["//tools/..."])

MAIN = "main"

_FLAG = Label("//tools/build/tracks:track")
_TAG = "track="

def _check(name, track):
    if track != MAIN and track not in TRACKS:
        fail("{}: track is \"{}\", and MODULE.bazel has {}; add it to TRACKS there, or name one of these (docs/tracks.md)".format(
            native.package_relative_label(name),
            track,
            ", ".join([MAIN] + TRACKS),
        ))

def on_track(name, track, attributes = {}):
    """Adds the attributes that put a py_binary or py_test on a track.

    Args:
      name: name of the target.
      track: name of the track; None for the track of the build, which is the main one unless a flag sets another.
      attributes: dict of its other attributes.

    Returns:
      dict of attributes. They include a tag `track=NAME`, which `lint` and `--test_tag_filters` use.
    """
    if track == None:
        return attributes
    _check(name, track)
    return attributes | {
        "config_settings": {str(_FLAG): track},
        "tags": (attributes.get("tags") or []) + [_TAG + track],
    }

def track_of(tags):
    """Returns the track in a target's tags.

    Args:
      tags: list of strings.

    Returns:
      The track, or None.
    """
    for tag in tags:
        if tag.startswith(_TAG):
            return tag.removeprefix(_TAG)
    return None

def _to_track_impl(settings, attr):
    return {str(_FLAG): attr.track or settings[str(_FLAG)]}

to_track = transition(
    implementation = _to_track_impl,
    inputs = [str(_FLAG)],
    outputs = [str(_FLAG)],
)

# For rules that use `to_track`.
TRACK_ATTRS = {
    "track": attr.string(doc = "The dependency track; by default that of the build."),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

"""A transition to the platform and the dependency track of an image."""

load("//tools/build/tracks:tracks.bzl", "TRACK_ATTRS")

visibility("//tools/oci/...")

_PLATFORMS = "//command_line_option:platforms"
_TRACK = str(Label("//tools/build/tracks:track"))

def _to_platform_impl(settings, attr):
    return {
        _PLATFORMS: [str(attr.platform)],
        _TRACK: attr.track or settings[_TRACK],
    }

to_platform = transition(
    implementation = _to_platform_impl,
    inputs = [_TRACK],
    outputs = [
        _PLATFORMS,
        _TRACK,
    ],
)

PLATFORM_ATTRS = TRACK_ATTRS | {
    "platform": attr.label(mandatory = True, doc = "The platform that the image runs on."),
}

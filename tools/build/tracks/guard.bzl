"""`track_guard`: fails the build of a library of one track on another track."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")

visibility("//tools/build/tracks")

def _track_guard_impl(ctx):
    track = ctx.attr._track[BuildSettingInfo].value
    if track != ctx.attr.only:
        fail(("code of a service on the track {0} is built on {1}: leave `track = \"{1}\"` out of the target that depends " +
              "on it, or put the service on {1} too (docs/tracks.md)").format(ctx.attr.only, track))
    return DefaultInfo()

track_guard = rule(
    implementation = _track_guard_impl,
    attrs = {
        "only": attr.string(mandatory = True, doc = "The track."),
        "_track": attr.label(default = ":track", providers = [BuildSettingInfo]),
    },
    doc = "Fails on another track than `only`; as `data` of a library it keeps the library on its track.",
)

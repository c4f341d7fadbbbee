"""`track_library`: a library that is always built on its own track, also for dependents on another track."""

load("@rules_python//python:py_info.bzl", "PyInfo")
load("//tools/build/tracks:tracks.bzl", "TRACK_ATTRS", "to_track")

visibility([
    "//tools/build/...",
    "//tools/oci/layers",
])

def _track_library_impl(ctx):
    library = ctx.attr.deps[0]
    return [
        DefaultInfo(
            files = library[DefaultInfo].files,
            runfiles = library[DefaultInfo].default_runfiles,
        ),
        coverage_common.instrumented_files_info(ctx, dependency_attributes = ["deps"]),
        library[PyInfo],
    ]

track_library = rule(
    implementation = _track_library_impl,
    attrs = TRACK_ATTRS | {
        "deps": attr.label_list(mandatory = True, doc = "The library, one.", providers = [PyInfo]),
    },
    cfg = to_track,
    doc = """Provides a library that is built on one track.

The code of a service is such a library. A test of the service that is on another track has the wheels of both on its
path, which `lint` and the test's runner refuse. A library of build tools is on the main track, since Bazel 7 builds the
tools of a target's actions on the track of the target.
""",
    provides = [PyInfo],
)

"""Libraries whose tests run on additional dependency tracks, and the libraries in the closure of each service."""

load("@tracks//:tracks.bzl", "TRACKS")
load("//tools/build/tracks:distributions.bzl", "DistributionsInfo", "distributions")

visibility([
    "//services",
    "//tests/tracks",
    "//tools/build/...",
])

# By track: folders of libraries that services on the track use, and that import a distribution whose version differs on
# the track. Their tests run on the track, too. //tests/tracks:test_library_tests reports missing and needless folders.
LIBRARIES = {
    "previous_minor": ["libs/auth"],
}

def tracks_of_tests(package):
    """Returns the tracks besides the main one that tests of a package run on.

    Args:
      package: name of the package.
    """
    return [
        track
        for track, folders in LIBRARIES.items()
        for folder in folders
        if package == folder or package.startswith(folder + "/")
    ]

# An upper limit for the number of targets in a closure, because Starlark has only bounded loops.
_MOST_TARGETS = 1000000

def _closure(info):
    """Returns the DistributionsInfo of each target in a closure, by its label."""
    found = {info.label: info}
    waiting = [info]
    for _ in range(_MOST_TARGETS):
        if not waiting:
            break
        for below in waiting.pop().below:
            if below.label not in found:
                found[below.label] = below
                waiting.append(below)
    return found

def _track_libraries_impl(ctx):
    libraries = {}
    for label, info in _closure(ctx.attr.service[DistributionsInfo]).items():
        folders = label.package.split("/")
        if not label.workspace_name and folders[0] == "libs" and len(folders) > 1:
            names = libraries.setdefault("/".join(folders[:2]), {})
            names.update({distribution.name: None for distribution in info.all.to_list()})
    output = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(output, json.encode_indent({
        "libraries": {folder: sorted(names) for folder, names in libraries.items()},
        "service": str(ctx.label).lstrip("@").partition(":")[0],
        "track": ctx.attr.track,
    }))
    return DefaultInfo(files = depset([output]))

_track_libraries = rule(
    implementation = _track_libraries_impl,
    attrs = {
        "service": attr.label(mandatory = True, aspects = [distributions], doc = "Library of the service."),
        "track": attr.string(mandatory = True, doc = "Track of the service."),
    },
    doc = "Writes a JSON object: the distributions that each library below a service imports, by the library's folder.",
)

def track_libraries(name, *, service, track, visibility):
    """Writes the libraries in the closure of a service to a file, for the test that checks LIBRARIES.

    Args:
      name: name of the file's target; without a track in MODULE.bazel no target is made.
      service: label of the service's library.
      track: track of the service, or None.
      visibility: who may use it.
    """
    if TRACKS:
        _track_libraries(
            name = name,
            service = service,
            tags = ["manual"],
            track = track or "main",
            visibility = visibility,
        )

def track_libraries_of_services(name, *, visibility):
    """Collects the files of `track_libraries` of all folders below; each is a service.

    Args:
      name: name of the filegroup; without a track in MODULE.bazel it is not made.
      visibility: who may use it.
    """
    if TRACKS:
        native.filegroup(
            name = name,
            srcs = ["//services/{}:{}".format(service, name) for service in native.subpackages(include = ["*"])],
            tags = ["manual"],
            visibility = visibility,
        )

"""`track_list`: the dependency tracks of MODULE.bazel, for BUILD files and macros."""

_TRACKS = """\
\"\"\"Made by //tools/build/tracks:repository.bzl.\"\"\"

# Tracks besides the main one.
TRACKS = {tracks}
"""

_LOCKED = """\
\"\"\"Made by //tools/build/tracks:repository.bzl.\"\"\"

# The tracks whose locks have a distribution, by its name in the hub.
LOCKED = {locked}
"""

def _names(text):
    """Returns the distributions that a lock pins, by their names in the hub."""
    names = {}
    for line in text.splitlines():
        if "==" in line and line[0].isalnum():
            name = line.partition("==")[0].partition("[")[0].strip()
            names[name.lower().replace("-", "_").replace(".", "_")] = None
    return names

def _track_list_impl(rctx):
    locks = {"main": rctx.attr.main} | {track: lock for lock, track in rctx.attr.locks.items()}
    tracks = {}
    for track, lock in locks.items():
        for name in _names(rctx.read(lock)):
            tracks.setdefault(name, []).append(track)
    rctx.file("BUILD.bazel", "")
    rctx.file("locked.bzl", _LOCKED.format(locked = json.encode_indent(dict(sorted(tracks.items())), indent = "    ")))
    rctx.file("tracks.bzl", _TRACKS.format(
        tracks = json.encode_indent([track for track in locks if track != "main"], indent = "    "),
    ))

track_list = repository_rule(
    implementation = _track_list_impl,
    attrs = {
        "locks": attr.label_keyed_string_dict(doc = "Name of the track by its lock."),
        "main": attr.label(allow_single_file = True, doc = "Lock of the main track.", mandatory = True),
    },
    doc = "Writes `tracks.bzl` with TRACKS and `locked.bzl` with LOCKED.",
)

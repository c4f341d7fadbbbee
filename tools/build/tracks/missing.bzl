"""An error where a target takes a distribution that the lock of its track lacks.

Macros load this and no file that defines a rule: a distribution more in one lock would make such a rule another one.
"""

load("@tracks//:partial.bzl", "PARTIAL")
load("//tools/build/tracks:tracks.bzl", "MAIN")

visibility([
    "//tools/build/...",
    "//tools/lint",
])

def _package(label):
    """Returns the name of the distribution that a label of the hub means, None for other labels."""
    repository, _, path = label.partition("//")
    if not repository.startswith("@") or repository.replace("+", "~").split("~")[-1].lstrip("@") != "pip":
        return None
    return path.partition(":")[0]

def missing_packages(target, deps, track, partial = PARTIAL):
    """Looks for distributions that some tracks have and this one has not.

    Args:
      target: label of the target, for the message.
      deps: list of labels; those of the hub count.
      track: name of the track.
      partial: PARTIAL of `@tracks//:partial.bzl`.

    Returns:
      A sentence that names the first of them, the tracks that have it and what to do, or None.
    """
    for dep in deps:
        package = _package(dep)
        tracks = partial.get(package, [track])
        if track not in tracks:
            return ("{target}: the lock of the track {track} has no {package}, that of {tracks} has; put the target on " +
                    "such a track, or add {package} to {file} and run: bazel run //:requirements.update (docs/tracks.md)").format(
                file = "requirements.in" if track == MAIN else "requirements/{}.in".format(track),
                package = package,
                target = target,
                track = track,
                tracks = ", ".join(tracks),
            )
    return None

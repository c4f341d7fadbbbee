"""Errors for targets that depend on a distribution that is not in the lock of their track, or in no lock.

Only macros may load this. In a file that defines a rule, each change of a lock would change the rule.
"""

load("@tracks//:locked.bzl", "LOCKED")
load("//tools/build/tracks:tracks.bzl", "MAIN")

visibility([
    "//tools/build/...",
    "//tools/lint",
])

def _package(label):
    """Returns the name of the distribution that a label of the hub refers to, None for other labels."""
    repository, _, path = label.partition("//")
    if not repository.startswith("@") or repository.replace("+", "~").split("~")[-1].lstrip("@") != "pip":
        return None
    return path.partition(":")[0]

def _distance(a, b):
    """Returns the Levenshtein distance of two strings."""
    row = list(range(len(b) + 1))
    for i in range(len(a)):
        above, row = row, [i + 1]
        for j in range(len(b)):
            row.append(min(row[j] + 1, above[j + 1] + 1, above[j] + int(a[i] != b[j])))
    return row[-1]

def _likely(name, known):
    """Returns the known name that is most similar to a misspelt one, or None if none is similar."""
    plain = name.lower().replace("-", "").replace("_", "").replace(".", "")
    found = sorted([(_distance(plain, other.replace("_", "")), other) for other in known])
    return found[0][1] if found and found[0][0] <= max(1, len(plain) // 4) else None

def _unknown(target, package, locked):
    likely = _likely(package, locked)
    return "{}: no lock has a package \"{}\"{}; for a new one add it to requirements.in and run: bazel run //:requirements.update".format(
        target,
        package,
        "; did you mean \"{}\"".format(likely) if likely else "",
    )

def missing_packages(target, deps, track, locked = LOCKED):
    """Checks for distributions that are in no lock, or only in the locks of other tracks.

    Args:
      target: label of the target, for the message.
      deps: list of labels; those of the hub count.
      track: name of the track.
      locked: LOCKED of `@tracks//:locked.bzl`.

    Returns:
      A sentence that names the first of them, the likely name or the tracks that have it, and what to do; or None.
    """
    for dep in deps:
        package = _package(dep)
        if not package:
            continue
        tracks = locked.get(package)
        if not tracks:
            return _unknown(target, package, locked)
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

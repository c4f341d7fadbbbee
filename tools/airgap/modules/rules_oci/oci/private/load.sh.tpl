#!/usr/bin/env bash
# No container engine can be seen from inside the sealed root: leave the tarball where the caller stands and say what to do.
set -o errexit -o nounset -o pipefail

# `bazel run` starts in the runfiles of the main repository.
if [[ -n "{{loader}}" ]]; then
  exec "{{loader}}" load --input "{{tarball}}"
fi
tarball="${BUILD_WORKING_DIRECTORY:-$PWD}/{{name}}.tar"
cp --no-preserve=mode "{{tarball}}" "$tarball"
echo "Wrote $tarball. Load it with one of:" >&2
echo "docker load --input $tarball"
echo "podman load --input $tarball"

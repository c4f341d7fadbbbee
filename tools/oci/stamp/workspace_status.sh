#!/usr/bin/env bash
# Prints the workspace status that stamped images read: `bazel build --config=stamp`.
set -euo pipefail

# Tags are excluded, so this prints the hash, with `-dirty` if there are uncommitted changes.
commit=$(git describe --always --abbrev=40 --dirty --exclude='*')
time=$(TZ=UTC git log -1 --no-show-signature --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)
printf 'STABLE_GIT_COMMIT %s\nSTABLE_GIT_COMMIT_TIME %s\n' "$commit" "$time"

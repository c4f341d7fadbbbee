#!/bin/sh
# Points Bazel at the cache of CI, whose folder CI_CACHE_FOLDER names. With --prune, deletes files that no build used in
# the last three days.
set -eu
folder=$CI_CACHE_FOLDER
mkdir -p "$folder/downloads" "$folder/actions"
if [ "${1-}" = --prune ]; then
  find "$folder" -type f -mtime +3 -delete
  du -sh "$folder"
  exit
fi
# user.bazelrc is read by .bazelrc and is not in git.
printf 'common --repository_cache=%s/downloads --disk_cache=%s/actions\n' "$folder" "$folder" >user.bazelrc

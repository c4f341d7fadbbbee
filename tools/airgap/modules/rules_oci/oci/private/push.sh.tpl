#!/usr/bin/env bash
# Pushes an image by its digest and then tags it, so that no tag ever names half an image.
set -o errexit -o nounset -o pipefail

runfiles="${RUNFILES_DIR:-$0.runfiles}"
image="$runfiles/{{image}}"
repository="{{repository}}"
if [[ -n "{{repository_file}}" ]]; then
  repository="$(tr -d '\n' < "$runfiles/{{repository_file}}")"
fi

tags=() flags=() rest=()
while (($# > 0)); do
  case "$1" in
    --allow-nondistributable-artifacts | --insecure | -v | --verbose) flags+=("$1") ;;
    --platform) flags+=("$1" "$2") && shift ;;
    -t | --tag) tags+=("$2") && shift ;;
    --tag=*) tags+=("${1#--tag=}") ;;
    -r | --repository) repository="$2" && shift ;;
    --repository=*) repository="${1#--repository=}" ;;
    *) rest+=("$1") ;;
  esac
  shift
done
if [[ -z "$repository" ]]; then
  echo "ERROR: repository not set. Please pass --repository flag." >&2
  exit 1
fi
if [[ -n "{{tags_file}}" ]]; then
  while read -r tag || [[ -n "$tag" ]]; do tags+=("$tag"); done < "$runfiles/{{tags_file}}"
fi

digest="$(grep --only-matching 'sha256:[0-9a-f]*' "$image/index.json")"
reference="$repository@$digest"
/usr/bin/crane push "${flags[@]}" "$image" "$reference" "${rest[@]}"
for tag in "${tags[@]}"; do
  /usr/bin/crane tag "${flags[@]}" "$reference" "$tag"
done

#!/usr/bin/env bash
# release.sh vX.Y.Z REMOTE: tags the bundles of this commit, which main itself does not hold.
# The tag vX.Y.Z is on a commit of its own with dist/actions in it; vX moves to it. Nothing else is pushed.
set -euo pipefail
version=${1:?usage: release.sh vX.Y.Z REMOTE}
remote=${2:?usage: release.sh vX.Y.Z REMOTE}
if [[ ! $version =~ ^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]]; then
  echo "$version is not a version: write v1.4.0" >&2
  exit 1
fi
major=v${BASH_REMATCH[1]}
cd "$(git rev-parse --show-toplevel)"
if [[ -n $(git ls-remote --tags "$remote" "refs/tags/$version") ]]; then
  echo "$version exists already: a released version never changes" >&2
  exit 1
fi
for action in actions/*/action.yml; do
  name=$(basename "$(dirname "$action")")
  if [[ ! -s dist/actions/$name.cjs ]]; then
    echo "dist/actions/$name.cjs is missing: run node scripts/build.mjs --actions first" >&2
    exit 1
  fi
done
source=$(git rev-parse HEAD)
export GIT_AUTHOR_NAME="github-actions[bot]" GIT_AUTHOR_EMAIL="41898282+github-actions[bot]@users.noreply.github.com"
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
git checkout --quiet --detach
git add --force dist/actions
git commit --quiet --message "$version" --message "Bundles of $source"
git tag "$version"
git tag --force "$major"
git push --quiet --atomic "$remote" "refs/tags/$version" "+refs/tags/$major"
echo "$version and $major are on $(git rev-parse HEAD)"

#!/usr/bin/env bash
# Runs a command as on a newcomer's machine: in a fresh clone of what is committed, with no node_modules, no Envoy and
# nothing of this checkout on the PATH. `tools/fresh-checkout.sh npm test`. (npm's own cache is kept, to be kind to the registry.)
set -euo pipefail
[ $# -gt 0 ] || set -- npm test
here=$(cd "$(dirname "$0")/.." && pwd)
temporary=$(mktemp -d -t maesh-fresh-XXXXXX)
trap 'rm -rf "$temporary"' EXIT
git clone --quiet "$here" "$temporary/maesh"
cd "$temporary/maesh"
path=$(tr ':' '\n' <<<"$PATH" | grep -v 'node_modules/\.bin' | paste -sd:)
for variable in $(compgen -e | grep -E '^(npm_|NODE_|ENVOY_BIN$|MAESH_)' || true); do unset "$variable"; done
status=0
PATH=$path XDG_CACHE_HOME="$temporary/cache" "$@" || status=$?
exit "$status"

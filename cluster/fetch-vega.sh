#!/usr/bin/env bash
# Fetches the browser bundles that reports draw their figures with: fetch-vega.sh [DIRECTORY]   (default: build/vega)
# Pinned versions, checked by their sums. Needs npm; without it, says so and leaves the build to go on without figures.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
target=${1:-$here/build/vega}
packages=(vega@6.4.0 vega-lite@6.5.0 vega-embed@7.3.0)
sums="8f6a3587cf8d4f42c7e08120e3eb05d067e746d554e39d2dcf52acc0bd5ba28f  vega.min.js
83e215e84e308ee8688fa6503ba0f1cf8a3c05c0d61df2841a0b92bf86809e00  vega-lite.min.js
b1455caba2fb1a72fb46025ba0ba1316e2dbc7f0dd40a3f6040172bf9c08ba91  vega-embed.min.js"

say() { printf 'vega: %s\n' "$*" >&2; }

whole() { [ -s "$1/LICENCES" ] && (cd "$1" && sha256sum --check --status <<<"$sums" 2>/dev/null); }

whole "$target" && exit 0
if ! command -v npm >/dev/null; then
  say "npm is not installed, so reports will show tables instead of figures; to have figures, install npm, run"
  say "cluster/fetch-vega.sh and build again"
  exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
# One retry: who has no network shall not wait for reports' figures.
if ! npm pack --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=30000 "${packages[@]}" \
  </dev/null >log 2>&1; then
  tail -n 5 log >&2
  say "npm could not fetch ${packages[*]} (its last lines stand above); reports will show tables instead of figures"
  exit 0
fi
mkdir found
for package in "${packages[@]}"; do
  name=${package%@*}
  tar -xzf "$name-${package#*@}.tgz"
  cp "package/build/$name.min.js" found/
  { printf '%s %s\n\n' "$name" "${package#*@}"; cat package/LICENSE; printf '\n'; } >>found/LICENCES
  rm -rf package
done
if ! whole found; then
  say "what npm fetched is not what was pinned (sums differ); reports will show tables instead of figures"
  exit 0
fi
mkdir -p "$target"
cp found/* "$target/"
say "fetched ${packages[*]}"

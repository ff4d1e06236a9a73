#!/usr/bin/env bash
# Builds confer: build.sh PRESET SET...   PRESET of CMakePresets.json, SETs of packages as in install-debian.sh.
# Installs what is missing, configures and compiles what has changed; says nothing when nothing has.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
preset=$1
shift

say() { printf 'build: %s\n' "$*" >&2; }

cluster/install-debian.sh "$@"
case " $* " in *" figures "*) cluster/fetch-vega.sh </dev/null ;; esac # without them, reports show tables and say why

directory=build/$preset
# A build directory remembers where it lies: one that was moved or copied with the sources starts over.
if [ -e "$directory/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$directory/CMakeCache.txt"; then
  rm -rf "$directory"
fi
mkdir -p "$directory"
case " $* " in *" tests "*) testing=ON ;; *) testing=OFF ;; esac
if ! cmake --preset "$preset" -D BUILD_TESTING=$testing >"$directory/configure.log" 2>&1; then
  cat "$directory/configure.log" >&2
  say "CMake could not configure $directory (its words stand above)"
  exit 4
fi

# As many compilers as there are cores, but none without its 1.5 GB of memory.
jobs=$(nproc)
fit=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo 2>/dev/null || true)
if [ -n "$fit" ] && [ "$fit" -lt "$jobs" ]; then jobs=$((fit > 1 ? fit : 1)); fi

build=(cmake --build --preset "$preset" -j "$jobs")
if [ ! -x "$directory/confer" ]; then
  say "compiling into $directory, $jobs at a time (some minutes, once)"
  if [ -t 1 ]; then exec "${build[@]}"; fi
fi
"${build[@]}" -- --quiet | { grep -vxF 'ninja: no work to do.' || true; }

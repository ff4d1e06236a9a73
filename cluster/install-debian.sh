#!/usr/bin/env bash
# Installs what confer needs on Debian or Ubuntu: install-debian.sh [build] [tests] [slurm]   (default: build)
# As root or with sudo. Says and does nothing when all of it is there, so it can run before every build.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config openmpi-bin libopenmpi-dev libscalapack-openmpi-dev libopenblas-dev liblapacke-dev
       libhdf5-openmpi-dev libboost-program-options-dev libnlopt-dev nlohmann-json3-dev libfmt-dev libxxhash-dev)
tests=(libgtest-dev python3-h5py python3-numpy python3-scipy python3-sklearn python3-xarray python3-h5netcdf
       python3-netcdf4)
slurm=(slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge iproute2) # for cluster/local-slurm and its tests

say() { printf 'install: %s\n' "$*" >&2; }

wanted=()
for set in "${@:-build}"; do
  case $set in
    build) wanted+=("${build[@]}") ;;
    tests) wanted+=("${tests[@]}") ;;
    slurm) wanted+=("${slurm[@]}") ;;
    *) say "unknown set '$set' (known: build, tests, slurm)"; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  say "this is not Debian or Ubuntu (no apt-get): going on with what is here; needed are, by their Debian names: ${wanted[*]}"
  exit 0
fi

# Names of installed packages and of what they provide: on newer releases pkgconf provides pkg-config.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' |
  awk '$1 == "installed" { gsub(/\([^)]*\)|,/, " "); for (i = 2; i <= NF; ++i) print $i }')
missing=()
for package in "${wanted[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

apt_get=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=500)
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    apt_get=(sudo "${apt_get[@]}")
  else
    say "packages are missing and cannot be installed (neither root nor able to use sudo); have an administrator run"
    say "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    exit 4
  fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# apt waits by itself for the lock of dpkg, but not for those of its lists and downloads.
quietly() {
  local waited=0
  until "$@" </dev/null >"$log" 2>&1; do
    if ! grep -q 'Could not get lock' "$log" || [ "$waited" -ge 500 ]; then return 1; fi
    sleep 5
    waited=$((waited + 5))
  done
}

say "installing ${missing[*]}"
quietly "${apt_get[@]}" -q update || say "the package lists could not be renewed; trying with those that are here"
if ! quietly "${apt_get[@]}" -qy --no-install-recommends install "${missing[@]}"; then
  tail -n 25 "$log" >&2
  say "apt-get failed (its last lines stand above); cure what it names and run this again"
  exit 4
fi

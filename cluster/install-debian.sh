#!/usr/bin/env bash
# Installs what confer needs on Debian or Ubuntu: install-debian.sh [build] [tests] [figures] [browser] [torch] [slurm]
# (default: build). As root or with sudo. Says and does nothing when all of it is there, so it can run before every
# build. figures (for reports), browser, torch and slurm (for tests of reports, of the exporter and of batch jobs) are
# welcome but not needed: a release that lacks them, or a machine where nothing may be installed, goes on without.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config openmpi-bin libopenmpi-dev libscalapack-openmpi-dev libopenblas-dev liblapacke-dev
       libhdf5-openmpi-dev libboost-program-options-dev libnlopt-dev nlohmann-json3-dev libfmt-dev libxxhash-dev
       libdeflate-dev)
tests=(libgtest-dev python3-h5py python3-numpy python3-scipy python3-sklearn python3-xarray python3-h5netcdf
       python3-netcdf4)
slurm=(slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge iproute2) # for cluster/local-slurm and its tests

say() { printf 'install: %s\n' "$*" >&2; }

wanted=() welcome=()
for set in "${@:-build}"; do
  case $set in
    build) wanted+=("${build[@]}") ;;
    tests) wanted+=("${tests[@]}") ;;
    figures) command -v npm >/dev/null || welcome+=(npm) ;;
    browser) command -v chromium chromium-browser >/dev/null || welcome+=(chromium) ;;
    torch) welcome+=(python3-torch) ;;
    slurm) welcome+=("${slurm[@]}") ;;
    *) say "unknown set '$set' (known: build, tests, figures, browser, torch, slurm)"; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  say "this is not Debian or Ubuntu (no apt-get): going on with what is here; needed are, by their Debian names: ${wanted[*]}"
  exit 0
fi

# Names of installed packages and of what they provide: on newer releases pkgconf provides pkg-config.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' |
  awk '$1 == "installed" { gsub(/\([^)]*\)|,/, " "); for (i = 2; i <= NF; ++i) print $i }')
absent() { for package in "$@"; do grep -qxF -- "$package" <<<"$installed" || echo "$package"; done; }
mapfile -t missing < <(absent "${wanted[@]}")
mapfile -t lacking < <(absent "${welcome[@]}")
available() { [[ $(apt-cache policy "$1" 2>/dev/null) == *'Candidate: '[!\(]* ]]; }
known() { for package in "$@"; do if available "$package"; then echo "$package"; fi; done; }
# With package lists at hand, what they do not offer is not worth a try.
if [ ${#lacking[@]} -gt 0 ] && available g++; then mapfile -t lacking < <(known "${lacking[@]}"); fi
[ $((${#missing[@]} + ${#lacking[@]})) -gt 0 ] || exit 0

apt_get=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=500)
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    apt_get=(sudo "${apt_get[@]}")
  elif [ ${#missing[@]} -eq 0 ]; then
    say "going on without ${lacking[*]} (neither root nor able to use sudo)"
    exit 0
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

everything=("${missing[@]}" "${lacking[@]}")
say "installing ${everything[*]}"
quietly "${apt_get[@]}" -q update || say "the package lists could not be renewed; trying with those that are here"
if [ ${#missing[@]} -gt 0 ] && ! quietly "${apt_get[@]}" -qy --no-install-recommends install "${missing[@]}"; then
  tail -n 25 "$log" >&2
  say "apt-get failed (its last lines stand above); cure what it names and run this again"
  exit 4
fi
for package in $(known "${lacking[@]}"); do
  quietly "${apt_get[@]}" -qy --no-install-recommends install "$package" ||
    say "going on without $package, which could not be installed: $(tail -n 1 "$log")"
done

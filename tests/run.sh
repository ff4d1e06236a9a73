#!/usr/bin/env bash
# Installs what is missing, builds confer with warnings as errors, and runs its tests.
#   tests/run.sh          every test that ends within minutes
#   tests/run.sh --quick  the tests without MPI and without files: seconds
#   tests/run.sh --all    the long tests too
# Further words go to ctest, for instance: tests/run.sh -R unit
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

choice=(-LE long)
sets=(build tests figures browser slurm) # without the last three their tests say that they cannot run
given=("$@")
case ${1:-} in
  --quick) choice=(-LE 'long|mpi|e2e'); shift ;;
  --all) choice=() sets+=(torch); shift ;;
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
esac

# Under sudo only the packages need root: the rest belongs to whoever owns the sources.
if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$(stat -c %U .)" = "$SUDO_USER" ]; then
  cluster/install-debian.sh "${sets[@]}" </dev/null
  exec runuser -u "$SUDO_USER" -- tests/run.sh "${given[@]}"
fi

cluster/build.sh ci "${sets[@]}" </dev/null
code=0
ctest --preset ci -j "$(nproc)" "${choice[@]}" "$@" </dev/null || code=$?
grep -h 'cannot run here:' build/ci/Testing/Temporary/LastTest.log | sort -u | sed 's/^/tests: /' || true
exit "$code"

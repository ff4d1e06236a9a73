#!/usr/bin/env bash
# From a clone to a first finding: installs what is missing, builds confer, and compares four really trained networks
# on all cores. Are networks that generalise more alike than networks that memorise? Run it as often as you like.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

# Under sudo only the packages need root: the rest belongs to whoever owns the sources.
if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$(stat -c %U .)" = "$SUDO_USER" ]; then
  cluster/install-debian.sh build figures </dev/null
  exec runuser -u "$SUDO_USER" -- jobs/quickstart.sh
fi

cluster/build.sh release build figures </dev/null

# A rank for every core that this process may use; Open MPI wants 4 MB of shared memory for each.
ranks=$(nproc)
cores=$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l || true)
if [ "${cores:-0}" -ge 1 ] && [ "$cores" -lt "$ranks" ]; then ranks=$cores; fi
room=$(df --output=avail -k /dev/shm 2>/dev/null | awk 'NR == 2 { print int($1 / 5000) }' || true)
if [ -n "$room" ] && [ "$room" -lt "$ranks" ]; then ranks=$((room > 1 ? room : 1)); fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # no effect unless root
export OMPI_MCA_rmaps_base_oversubscribe=1                       # where mpirun counts fewer slots than cores

confer=build/release/confer
out=out/quickstart
mkdir -p "$out"
mpirun -n "$ranks" "$confer" compare --job jobs/compare.ini --output "$out/results.h5" --quiet </dev/null
"$confer" table "$out/results.h5" </dev/null >"$out/results.csv"
"$confer" report "$out/results.h5" --output "$out/report.html" --quiet </dev/null

# Same layer, two networks of one kind: the mean of both directions (PWCCA has two).
awk -F, '
  NR == 1 { for (i = 1; i <= NF; ++i) at[$i] = i; next }
  function kind(network) { sub(/-.*/, "", network); return network }
  {
    a = $at["row_network"]; b = $at["column_network"]; layer = $at["row_layer"]; measure = $at["measure"]
    if (layer != $at["column_layer"] || a == b || kind(a) != kind(b)) next
    if (!(layer in seen)) { seen[layer] = 1; layers[++count] = layer }
    sum[kind(a), measure, layer] += $at["value"]; number[kind(a), measure, layer]++
  }
  function alike(group, measure, layer) { return sum[group, measure, layer] / number[group, measure, layer] }
  END {
    if (count == 0) { print "quickstart: the table of results holds no pairs of networks" >"/dev/stderr"; exit 4 }
    measures = split("cka svcca pwcca", name, " ")
    print "How alike are two networks, layer by layer?"
    print "gen: both were trained on the true labels and generalise; mem: both on shuffled labels and memorise."
    printf "%-8s", ""
    for (m = 1; m <= measures; ++m) printf "   %-20s", toupper(name[m])
    printf "\n%-8s", "layer"
    for (m = 1; m <= measures; ++m) printf "   %5s %5s %8s", "gen", "mem", "gen-mem"
    print ""
    for (l = 1; l <= count; ++l) {
      printf "%-8s", layers[l]
      more = 0
      for (m = 1; m <= measures; ++m) {
        gen = alike("generalizing", name[m], layers[l]); mem = alike("memorizing", name[m], layers[l])
        printf "   %5.3f %5.3f %+8.3f", gen, mem, gen - mem
        more += gen > mem
        if (name[m] == "cka" && gen - mem > widest) { widest = gen - mem; where = layers[l]; best = gen; worst = mem }
      }
      print ""
      if (more == measures) yes = yes (yes == "" ? "" : ", ") layers[l]; else no = no (no == "" ? "" : ", ") layers[l]
    }
    print ""
    if (yes == "") print "Here the generalising networks are not more alike than the memorising ones in any layer."
    else {
      print "Generalising networks are more alike than memorising ones, by all three measures, in"
      print yes (no == "" ? "" : "; not in " no) "."
      printf "The gap is widest in %s: CKA %.2f between the generalising, %.2f between the memorising.\n", where, best, worst
    }
  }' "$out/results.csv"

cat <<TEXT

Report:  $out/report.html (open it in a browser)
Results: $out/results.h5 (for xarray) and $out/results.csv
Your own networks: see "Your networks" in README.md
TEXT

#!/usr/bin/env bash
# Plans a job, picks its resources and hands it to Slurm: submit.sh [options] JOBFILE...   Prints the job's number.
#   --ranks P, --nodes N   so many (default: as many as the predicted time asks for)
#   --array                several job files of one command as one array: independent studies
#   --after ID[,ID]        start when these jobs have ended; as for a report on what they compute
#   --dry-run              only say what would be asked for
#   -- OPTION...           further options of sbatch, which win: -- --time=8:00:00 --mail-type=END
# A job file says what it is with 'command = compare', or by its name: compare.ini. See jobs/*.ini, cluster/site.sh.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/slurm.sh"

usage() { refuse "$1; see jobs/submit.sh --help" 2; }
number() { [[ ${2:-} =~ ^[1-9][0-9]{0,6}$ ]] || usage "$1 needs a number"; }

ranks= nodes= array= after= dry_run=
files=() further=()
while [ $# -gt 0 ]; do
  case $1 in
    --ranks) number "$@"; ranks=$2; shift ;;
    --nodes) number "$@"; nodes=$2; shift ;;
    --array) array=yes ;;
    --after) [[ ${2:-} =~ ^[0-9_]+([,:][0-9_]+)*$ ]] || usage "--after needs the number of a job"; after=${2//,/:}; shift ;;
    --dry-run) dry_run=yes ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    --) shift; further=("$@"); break ;;
    -*) usage "unknown option '$1'" ;;
    *) files+=("$1") ;;
  esac
  shift
done
[ ${#files[@]} -gt 0 ] || usage "there is no job file"
[ ${#files[@]} -eq 1 ] || [ -n "$array" ] || usage "there are ${#files[@]} job files; add --array to run them as one array"
command -v sbatch sinfo scontrol >/dev/null || refuse "sbatch is not there; run this where Slurm is (to try it: cluster/local-slurm)" 4
command -v "${program[0]}" >/dev/null || refuse "the program '${program[0]}' is not there; build it (jobs/quickstart.sh), or name it in cluster/site.sh" 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command_of() { # job file
  local name
  name=$(job_value command "$1")
  [ -n "$name" ] || { name=${1##*/}; name=${name%%.*}; name=${name%%-*}; }
  [ -e "$confer_root/jobs/$name.sbatch" ] || refuse "'$1' does not say what it is; add a line such as 'command = compare'" 2
  echo "$name"
}

# Cores, megabytes and number of the nodes of the partition: of the kind there is most of.
read_partition() {
  local rows
  rows=$(sinfo -h -e -o '%P %c %m %D' ${SBATCH_PARTITION:+-p "$SBATCH_PARTITION"}) || refuse "Slurm does not answer; is its controller up?" 4
  [ -n "${SBATCH_PARTITION:-}" ] || rows=$(awk '$1 ~ /\*$/' <<<"$rows")
  read -r _ cores memory there < <(sort -k4,4nr <<<"$rows") || true
  [ -n "${there:-}" ] || refuse "Slurm has no default partition; set SBATCH_PARTITION in cluster/site.sh" 4
}

# Paths that nodes would look for in vain.
check_places() { # job file, nodes
  local key word local_directory path
  for key in data result output scratch; do
    [ "$key" != scratch ] || [ "$2" -gt 1 ] || continue
    set -f
    for word in $(job_value $key "$1"); do
      path=$(readlink -m -- "$word")/
      for local_directory in $CONFER_LOCAL_DIRECTORIES; do
        [[ $path != "${local_directory%/}"/* ]] || refuse "'$1': $key = $word is not shared (every node has a '$local_directory' of its own); name a place that all nodes see"
      done
    done
    set +f
  done
}

plan() { # job file, ranks, nodes, further options of confer plan
  local file=$1
  # What plan does not know of other commands is left out: it then tells their memory, not their time.
  if [ "$command" = compare ]; then grep -v '^[[:space:]]*\[' "$file" >"$work/plan.ini" || true
  else
    grep -E '^[[:space:]]*(data|networks|layers|steps|samples|conv|sequence|rank-tolerance|threads|memory-per-rank|scratch)[[:space:]]*=' \
      "$file" >"$work/plan.ini" || true
  fi
  "${program[@]}" plan --job "$work/plan.ini" --ranks "$2" --nodes "$3" "${@:4}" >"$work/plan" 2>"$work/said" || {
    local code=$?
    grep -v '^ *$' "$work/said" | sed "s|$work/plan.ini|$file|g" >&2
    refuse "confer cannot plan '$file' (its words stand above)" "$code"
  }
}
planned() { sed -n "s/^  \"$1\": \([^,]*\),*\$/\1/p" "$work/plan"; }
asked() { sed -n "s/^#SBATCH --$1=//p" "$work/plan"; }

# Sets want_ranks, want_nodes, want_memory (MB of a node), want_time and want_threads of one job file.
size_job() { # job file
  local file=$1 per_node most
  want_threads=$(job_value threads "$file")
  want_threads=${want_threads:-1}
  [[ $want_threads =~ ^[1-9][0-9]*$ ]] || want_threads=1 # confer itself says what is wrong
  if [ "$command" = report ]; then
    want_ranks=1 want_nodes=1 want_memory=1024 want_time=0:30:00
    return
  fi
  per_node=$((cores / want_threads))
  [ "$per_node" -ge 1 ] || refuse "'$file': threads = $want_threads are more than a node has cores ($cores)"
  want_ranks=$ranks
  if [ -z "$ranks" ]; then
    plan "$file" 1 1 --json
    most=$((per_node * ${nodes:-$there}))
    # Beyond a quarter of the tiles further ranks bring little; commands without a prediction fill a node.
    want_ranks=$(awk -v compare="$([ "$command" != compare ] || echo yes)" -v seconds="$(planned seconds)" -v goal="$CONFER_GOAL" \
      -v tiles="$(planned tiles)" -v items="$(planned representations)" -v node="$per_node" -v most="$most" 'BEGIN {
        if (compare) { wanted = seconds / goal; useful = tiles / 4 } else { wanted = node; useful = items }
        if (wanted > useful) wanted = useful
        if (wanted > most) wanted = most
        print (wanted <= 1 ? 1 : wanted == int(wanted) ? wanted : int(wanted) + 1) }')
  fi
  want_nodes=${nodes:-$(((want_ranks + per_node - 1) / per_node))}
  while :; do
    [ "$want_nodes" -le "$there" ] || refuse "'$file': $want_ranks ranks of $want_threads threads need $want_nodes nodes, the partition has $there; ask for fewer"
    [ "$want_nodes" -le "$want_ranks" ] || refuse "$want_ranks ranks cannot fill $want_nodes nodes; ask for fewer nodes" 2
    [ $(((want_ranks + want_nodes - 1) / want_nodes)) -le "$per_node" ] ||
      refuse "'$file': $want_ranks ranks of $want_threads threads on $want_nodes nodes are more than the cores there ($cores a node)"
    plan "$file" "$want_ranks" "$want_nodes"
    want_memory=$(asked mem)
    want_memory=${want_memory%M}
    [ "$want_memory" -ge 512 ] || want_memory=512 # libraries of nodes with many cores take more than those here
    [ "$want_memory" -gt "$memory" ] || break
    if [ -n "$nodes" ] || [ "$want_nodes" -ge "$want_ranks" ] || [ "$want_nodes" -ge "$there" ]; then
      refuse "'$file': $want_ranks ranks on $want_nodes nodes need $want_memory MB on each node, which has $memory MB; ask for fewer ranks, for more nodes, or keep the factors on disk with 'scratch = DIRECTORY'"
    fi
    want_nodes=$((want_nodes * 2 < there ? want_nodes * 2 : there))
    [ "$want_nodes" -le "$want_ranks" ] || want_nodes=$want_ranks
  done
  want_time=$(asked time)
  [ "$command" = compare ] || want_time=$CONFER_TIME
}

minutes() { # Slurm's D-HH:MM:SS, HH:MM:SS or minutes
  awk -v time="$1" 'BEGIN {
    n = split(time, part, /[-:]/)
    if (n == 4) print part[1] * 1440 + part[2] * 60 + part[3] + (part[4] > 0)
    else if (n == 3) print part[1] * 60 + part[2] + (part[3] > 0)
    else print part[1] }'
}

read_partition
command=
nodes_most=1 per_node_most=1 threads_most=1 memory_most=1 minutes_most=1
for file in "${files[@]}"; do
  [ -f "$file" ] && [ -r "$file" ] || refuse "the job file '$file' cannot be read (in $PWD)" 2
  this=$(command_of "$file")
  [ -z "$command" ] || [ "$this" = "$command" ] || refuse "'$file' is a job of $this, '${files[0]}' one of $command: an array has one command" 2
  command=$this
  check_output "$file"
  size_job "$file"
  check_places "$file" "$want_nodes"
  most() { [ "$1" -gt "$2" ] && echo "$1" || echo "$2"; }
  nodes_most=$(most "$want_nodes" "$nodes_most")
  per_node_most=$(most $(((want_ranks + want_nodes - 1) / want_nodes)) "$per_node_most")
  threads_most=$(most "$want_threads" "$threads_most")
  memory_most=$(most "$want_memory" "$memory_most")
  minutes_most=$(most "$(minutes "$want_time")" "$minutes_most")
done

ask=(--nodes="$nodes_most" --ntasks-per-node="$per_node_most" --ntasks="$((nodes_most * per_node_most))"
     --cpus-per-task="$threads_most" --mem="${memory_most}M" --time="$minutes_most")
[ -z "$array" ] || ask+=(--array="0-$((${#files[@]} - 1))" --output=%x-%A_%a.log)
[ -z "$after" ] || ask+=(--dependency="afterany:$after" --kill-on-invalid-dep=yes)
say "$command asks for ${ask[*]}"
[ -z "$dry_run" ] || exit 0
answer=$(sbatch --parsable "${ask[@]}" ${further[@]+"${further[@]}"} "$confer_root/jobs/$command.sbatch" "${files[@]}") ||
  refuse "sbatch refused the job (its words stand above)" 4
echo "${answer%%;*}"

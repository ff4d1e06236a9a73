# What jobs/submit.sh and the batch scripts share: reading job files, and running one under Slurm so that it survives
# time limits, preemption and lost nodes. Not a program: the others source it.

confer_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
. "$confer_root/cluster/site.sh"
read -ra program <<<"${CONFER:-$confer_root/build/release/confer}"

say() { printf '%s %s: %s\n' "$(date '+%F %T')" "${command:-submit}" "$*" >&2; }
refuse() { say "$1"; exit "${2:-3}"; }

# The value of an option in a job file; nothing when it is not there.
job_value() { # option, file
  sed -n "s/#.*//; s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*\(.*[^[:space:]]\)[[:space:]]*\$/\1/p" "$2" | head -n 1
}

# The directory of a job's output exists and can be written to.
check_output() { # job file
  local output directory probe
  output=$(job_value output "$1")
  [ -n "$output" ] || refuse "'$1' names no output; add a line 'output = FILE'" 2
  directory=$(dirname "$output")
  mkdir -p "$directory" 2>/dev/null || refuse "cannot write '$output' (there can be no directory '$directory'); choose another place" 4
  probe=$directory/.confer-probe-$$
  (: >"$probe") 2>/dev/null || refuse "cannot write '$output' (the directory '$directory' is not writable for you); choose another place" 4
  rm -f "$probe"
}

# Everything below is for batch scripts: run_job COMMAND JOBFILE... [options of the command]

# Bytes of finished work that a stopped or failed run has left beside its output.
finished_work() { du -sb "$output.journal" "$output.work" ${scratch:+"$scratch"} 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; }

# Another node may not see this one's files: better to know now than after hours.
check_shared() {
  [ "${SLURM_JOB_NUM_NODES:-1}" -gt 1 ] || return 0
  local directory probe seen
  for directory in "$(dirname "$output")" "$scratch"; do
    [ -n "$directory" ] || continue
    mkdir -p "$directory" || refuse "cannot make the directory '$directory'" 4
    probe=$directory/.confer-probe-$SLURM_JOB_ID
    : >"$probe" || refuse "cannot write into '$directory'" 4
    seen=0
    "${launcher[@]}" test -e "$probe" || seen=$?
    rm -f "$probe"
    [ "$seen" -eq 0 ] || refuse "the nodes ${SLURM_JOB_NODELIST:-} do not share the directory '$directory'; name one that all nodes see, or use one node" 3
  done
}

# Runs the ranks in the background, so that this shell can hear signals; sets `code`.
launch() {
  "${launcher[@]}" "$@" &
  child=$!
  local heard status
  trap 'heard=1; say "the time limit is near: saving finished work"; kill -USR1 "$child" 2>/dev/null' USR1
  trap 'heard=1; ended=1; say "Slurm ends this job"; kill -USR1 "$child" 2>/dev/null' TERM
  ended=
  while :; do
    heard=
    wait "$child" && status=0 || status=$?
    [ "$status" -eq 127 ] || code=$status # 127: its end was already told by a wait that a signal interrupted
    [ -n "$heard" ] || break
  done
  trap '' USR1
}

# Puts this job back into the queue under its number. Comes back only when that was not allowed.
requeue() {
  # The last task of an array has the number of the whole array: name the task.
  local self=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
  self=${self:-$SLURM_JOB_ID}
  scontrol show job "$self" 2>/dev/null | grep -q 'JobState=RUNNING' || return 0 # cancelled: it wants to stay so
  say "$1; the job goes back into the queue and goes on by itself"
  trap 'exit 75' TERM
  if scontrol requeue "$self"; then
    sleep 300 & # until Slurm ends this script; ending before would end the job
    wait $!
    exit 75
  fi
}

run_job() {
  command=$1
  shift
  cd "${SLURM_SUBMIT_DIR:-.}"
  local files=() file output scratch before memory
  while [ $# -gt 0 ] && [[ $1 != -* ]]; do
    files+=("$1")
    shift
  done
  local at=${SLURM_ARRAY_TASK_ID:-0}
  [ ${#files[@]} -gt 1 ] || at=0
  file=${files[$at]:-}
  [ -n "$file" ] || refuse "there is no job file for this job; sbatch jobs/$command.sbatch JOBFILE" 2
  [ -r "$file" ] || refuse "the job file '$file' cannot be read in $PWD" 2
  local options=(--job "$file" "$@")
  check_output "$file"
  output=$(job_value output "$file")
  scratch=$(job_value scratch "$file")
  # shellcheck disable=SC2206 # words of the launcher
  launcher=($CONFER_LAUNCHER)
  [ "$command" != report ] || launcher=()
  # srun no longer takes this from the job, and confer cannot see what Slurm has allotted of a node.
  if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK; fi
  memory=$(job_value memory-per-rank "$file")
  if [ "$command" != report ] && [ -z "$memory" ] && [[ " $* " != *" --memory-per-rank"* ]] && [ "${SLURM_MEM_PER_NODE:-0}" -gt 0 ]; then
    local most=${SLURM_TASKS_PER_NODE:-1}
    options+=(--memory-per-rank "$((SLURM_MEM_PER_NODE / ${most%%[^0-9]*}))M")
  fi
  before=$(finished_work)
  say "$file with ${SLURM_NTASKS:-1} ranks on ${SLURM_JOB_NODELIST:-$(hostname)}, run $((${SLURM_RESTART_COUNT:-0} + 1))$([ "$before" -eq 0 ] || echo ", earlier work is used")"
  check_shared
  code=0
  launch "${program[@]}" "$command" "${options[@]}"
  conclude
  exit "$code"
}

# Says what became of the run and what to do next, or puts the job back into the queue.
conclude() {
  local grown=no again="sbatch jobs/$command.sbatch $file" lives=${SLURM_RESTART_COUNT:-0}
  [ "$(finished_work)" -le "$before" ] || grown=yes
  case $code in
    0 | 1)
      [ "$code" -eq 0 ] || say "done, but not everything could be computed: see above"
      if [ "$command" = report ]; then say "next: open $output in a browser"
      else say "next: confer report $output --output ${output%.*}.html"; fi
      ;;
    2 | 3) say "next: correct what confer says above, then $again" ;;
    *)
      if [ -n "$ended" ]; then
        say "stopped; finished work is saved. next: nothing if Slurm requeues the job, else $again, which goes on from here"
      elif [ "$code" -eq 75 ] && [ "$grown" = yes ]; then
        requeue "stopped in time"
        say "next: $again, which goes on from here"
      elif [ "$code" -eq 75 ]; then
        say "stopped before anything was finished. next: $again with a longer --time"
      else
        # Work that grew, or ranks that died at once by something from outside, may fare better the next time.
        if [ "$grown" = yes ] || { [ "$code" -ge 128 ] && [ "$lives" -lt 2 ]; }; then requeue "failed with code $code, perhaps by a lost node"; fi
        say "failed with code $code: see above. next: cure that, then $again, which goes on from what is finished"
      fi
      ;;
  esac
}

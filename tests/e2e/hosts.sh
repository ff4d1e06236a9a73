#!/usr/bin/env bash
# Several hosts in one machine: hosts.sh N DIRECTORY COMMAND...
# Makes host1 ... hostN, each in network, mount, process, IPC and host name namespaces of its own: they share files and
# TCP over a bridge, but no memory. Runs COMMAND on host1, where `mpirun --host 10.99.0.1:2,10.99.0.2:2` reaches the others.
# A file DIRECTORY/hostK.cut ends hostK like a power cut. Exit code 77: namespaces are not permitted.
# Everything ends with this script, however it ends. Needs root, or the right to make user namespaces.
set -euo pipefail
self=$(readlink -f "$0")
network=10.99.0
PATH=$PATH:/usr/sbin:/sbin

not_permitted() { printf 'namespaces are not permitted (%s)\n' "$(tail -n 1 "$1")" >&2; exit 77; }

case $1 in
  --inside) shift ;;
  --host) # process 1 of a host: runs what it is told to, and reaps
    hostname "$2"
    mount -t proc proc /proc
    mount -t tmpfs -o mode=1777 none /dev/shm
    mkfifo "$3/$2.commands"
    exec 9<>"$3/$2.commands"
    : >"$3/$2.ready"
    while read -r line <&9; do bash -c "$line" </dev/null 9<&- & done
    exit
    ;;
  --agent) # what ssh is between real hosts: ADDRESS WORDS...
    [ -p "$HOSTS_DIRECTORY/host${2##*.}.commands" ]
    printf '%s\n' "${*:3}" >"$HOSTS_DIRECTORY/host${2##*.}.commands"
    exit
    ;;
  *)
    mkdir -p "$2"
    kind=(--net --mount --propagation unchanged --uts --ipc --pid --fork --kill-child)
    [ "$(id -u)" -eq 0 ] || kind+=(--user --map-root-user)
    unshare "${kind[@]}" true 2>"$2/unshare.err" || not_permitted "$2/unshare.err"
    exec unshare "${kind[@]}" bash "$self" --inside "$@"
    ;;
esac

hosts=$1 directory=$(readlink -f "$2")
shift 2
# Mounts made from here on must not reach the outside. In a chroot, / is no mount that this could be said of.
mount --make-rprivate / 2>/dev/null ||
  { mount --make-private /proc && mount --make-private /dev/shm; } 2>"$directory/mount.err" ||
  not_permitted "$directory/mount.err"
mount -t proc proc /proc 2>"$directory/mount.err" || not_permitted "$directory/mount.err"
{
  ip link set lo up && ip link add bridge0 type bridge && ip link set bridge0 up
} 2>"$directory/ip.err" || not_permitted "$directory/ip.err"
for n in $(seq "$hosts"); do
  unshare --net --mount --propagation unchanged --uts --ipc --pid --fork --kill-child bash "$self" --host "host$n" "$directory" &
  parent=$!
  until [ -e "$directory/host$n.ready" ]; do
    kill -0 "$parent"
    sleep 0.02
  done
  pid=$(cat /proc/[0-9]*/stat 2>/dev/null | sed -n "s/^\([0-9]*\) (.*) [A-Za-z] $parent .*/\1/p" | head -n 1 || true)
  [ "$n" -gt 1 ] || first=$pid
  ip link add "port$n" type veth peer name eth0 netns "$pid"
  ip link set "port$n" master bridge0 up
  nsenter -t "$pid" -n ip address add "$network.$n/24" dev eth0
  nsenter -t "$pid" -n ip link set eth0 up
  nsenter -t "$pid" -n ip link set lo up
  (until [ -e "$directory/host$n.cut" ]; do sleep 0.02; done; kill -KILL "$pid") &
done

export HOSTS_DIRECTORY=$directory OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent="$self --agent" OMPI_MCA_orte_tmpdir_base=/dev/shm
export OMPI_MCA_btl_tcp_if_include=$network.0/24 OMPI_MCA_oob_tcp_if_include=$network.0/24
code=0
nsenter -t "$first" -n -u -i -m -p -r --wd="$PWD" "$@" || code=$?
exit "$code"

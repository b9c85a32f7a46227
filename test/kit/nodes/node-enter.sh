#!/usr/bin/env bash
# Goes into a node's cgroups and namespaces, all of which it makes but the network's, and becomes node-init.sh there.
#   node-enter.sh NAME FOLDER NETWORK_NAMESPACE COMMAND...     COMMAND is for node-init.sh
# FOLDER/cgroups says which cgroups it made. When this process ends, all in the node's namespaces does.
set -euo pipefail
name=$1 folder=$2 namespace=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

# One cgroup in each hierarchy of cgroup v1, below the one that this process is in, so that what limits it limits the
# node. Read at once: the file changes while this process moves.
mine=$(cat /proc/self/cgroup)
while IFS=: read -r hierarchy controllers path; do
  [ "$hierarchy" != 0 ] || continue
  mount=$(awk -v wanted="$controllers" \
    '$3 == "cgroup" && index("," $4 ",", "," wanted ",") {print $2; exit}' /proc/mounts)
  [ -n "$mount" ] || continue
  cgroup=$mount${path%/}/$name
  mkdir -p "$cgroup"
  echo "$cgroup" >>"$folder/cgroups"
  # A new cpuset has no processors and takes in no process before it has some.
  if [ -f "$cgroup/cpuset.cpus" ]; then
    cat "$cgroup/../cpuset.cpus" >"$cgroup/cpuset.cpus"
    cat "$cgroup/../cpuset.mems" >"$cgroup/cpuset.mems"
  fi
  echo $$ >"$cgroup/cgroup.procs"
done <<<"$mine"

exec nsenter --net="/run/netns/$namespace" -- \
  unshare --mount --uts --ipc --cgroup --pid --fork --kill-child=KILL --propagation private -- \
  "$here/node-init.sh" "$name" "$folder" "$@"

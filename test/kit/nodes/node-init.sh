#!/usr/bin/env bash
# The first process of a node: gives it mounts of its own, and runs containerd, kube-proxy and the kubelet.
#   node-init.sh NAME FOLDER KUBE_PROXY KUBELET ARGS...     ARGS are the kubelet's
# The kubelet starts when /run/images-ready is there: a pod whose image isn't there yet would wait for a back-off.
set -euo pipefail
name=$1 folder=$2 kube_proxy=$3
shift 3

# The cluster's other nodes and the host have other names. (The cluster's folder is the slot's.)
hostname "${name##*-}"
mount -t proc proc /proc
controllers=$(awk -F: '$1 != 0 {print $2}' /proc/self/cgroup)
# What was mounted shows the host's network and cgroups.
umount -l /sys
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for each in $controllers; do
  short=${each#name=}
  options=$each
  [ "$short" = "$each" ] || options=none,name=$short
  mkdir -p "/sys/fs/cgroup/$short"
  mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$short"
done
mount -t tmpfs -o mode=755 tmpfs /run
own() {
  mkdir -p "$folder/$1" "$2"
  mount --bind "$folder/$1" "$2"
}
own kubelet /var/lib/kubelet
own containerd /var/lib/containerd
own cni /var/lib/cni
own cni-config /etc/cni/net.d
own pod-logs /var/log/pods
own container-logs /var/log/containers
mount --make-rshared /

containerd --config "$folder/containerd.toml" >"$folder/containerd.log" 2>&1 &
until [ -e /run/images-ready ]; do sleep 0.05; done
"$@" >"$folder/kubelet.log" 2>&1 &
"$kube_proxy" --config="$folder/kube-proxy.yaml" >"$folder/kube-proxy.log" 2>&1 &
wait -n || true
echo "containerd, kubelet or kube-proxy has ended: see their logs in $folder" >&2
exit 1

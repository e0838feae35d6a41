#!/bin/bash
# Process 1 of the namespaces: mounts private /run, /tmp and /var/lib/cni, then starts containerd. It is not
# containerd itself, so that pods survive a restart of containerd, and it is bash, which reaps orphans.
#   init.sh DIRECTORY PACKAGES
# Standard input: a line "restart" restarts containerd; the end of input ends this process, and with it all
# others.
# Standard output: "started" after each start.
set -eu
folder=$1 packages=$2
cd "$folder"

# The mounts below may hide the directory and the packages: use relative paths for them.
mkdir -p un
busybox=bin/busybox
[ -e "$packages/$busybox" ] || busybox=usr/bin/busybox
"$packages/$busybox" mount -o bind "$packages" un
busybox() { "un/$busybox" "$@"; }
busybox mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/containerd /run/netns
mkdir -m 1777 /run/lock

# libcni and host-local keep state in /var/lib/cni. Other directories of /var/lib stay visible.
mkdir -p /run/var-lib
busybox mount -o rbind /var/lib /run/var-lib
busybox mount -t tmpfs -o mode=755 tmpfs /var/lib
ln -s /run/var-lib/* /var/lib/
rm -f /var/lib/cni /var/lib/cni-tap # hide those of the host; cni-tap has cnitap's record
mkdir /var/lib/cni

busybox mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p "$folder"
busybox mount -o rbind . "$folder"
cd "$folder"
busybox ip link set lo up
busybox hostname cni-tap-node

start() {
  PATH=$folder/bin:$PATH containerd --config "$folder/etc/config.toml" </dev/null >>"$folder/log/containerd.log" 2>&1 &
  daemon=$!
  echo started
}
start
while read -r word; do
  if [ "$word" = restart ]; then
    kill -TERM "$daemon" || true
    wait "$daemon" || true
    start
  fi
done

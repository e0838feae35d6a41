#!/bin/bash
# Process 1 of the namespaces: private /run, /tmp and /var/lib/cni, then containerd. It is not containerd itself,
# so that pods live on when containerd starts again, and it is bash, which reaps orphans.
#   init.sh FOLDER PACKAGES
# Standard input: a line "restart" starts containerd again; its end ends this process, and with it all others.
# Standard output: "started" after each start.
set -eu
folder=$1 packages=$2
cd "$folder"

# The directory and the packages may lie below what is about to be covered: hold them by relative paths.
mkdir -p un
busybox=bin/busybox
[ -e "$packages/$busybox" ] || busybox=usr/bin/busybox
"$packages/$busybox" mount -o bind "$packages" un
busybox() { "un/$busybox" "$@"; }
busybox mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/containerd /run/netns
mkdir -m 1777 /run/lock

# libcni and host-local keep state in /var/lib/cni. The other names of /var/lib stay what they are.
mkdir -p /run/var-lib
busybox mount -o rbind /var/lib /run/var-lib
busybox mount -t tmpfs -o mode=755 tmpfs /var/lib
ln -s /run/var-lib/* /var/lib/
rm -f /var/lib/cni /var/lib/cni-tap # cnitap keeps its record there: not the host's
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

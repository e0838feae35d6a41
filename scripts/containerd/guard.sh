#!/bin/sh
# The host's side of a private containerd: creates and removes the working directory and the namespaces.
#   guard.sh PARENT PACKAGES
# Standard input is a pipe from the process that uses the containerd. Its first line reports that the
# directory is filled; at its end, however that process ended, everything here ends too.
# Standard output: "folder PATH", "namespaces PID" (of unshare), then the lines of init.sh.
set -eu
parent=$1 packages=$2
here=$(cd "$(dirname "$0")" && pwd)
folder= child=

clean() {
  trap '' INT TERM HUP
  [ -n "$folder" ] || return 0
  name=${folder##*/}
  # Mounts, links, iptables rules and processes ended with the namespaces. Control groups and files did not.
  for group in "/sys/fs/cgroup/$name" /sys/fs/cgroup/*/"$name"; do
    tries=0
    while [ -d "$group" ] && [ "$tries" -lt 200 ]; do
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.02 # the kernel may still count a dead process
      tries=$((tries + 1))
    done
  done
  rm -rf "$folder"
}
stop() {
  if [ -z "$child" ]; then exit 1; fi
  kill -KILL "$child" 2>/dev/null || true # --kill-child then kills everything inside
}
trap clean EXIT
trap stop INT TERM HUP
trap : PIPE # the reader may be gone; child processes get the default action

folder=$(mktemp -d "$parent/cni-tap-XXXXXX")
chmod 755 "$folder"
echo "folder $folder"
read -r word || exit 0
[ "$word" = start ] || exit 2

exec 3<&0
unshare --mount --net --uts --ipc --pid --fork --mount-proc --kill-child=KILL \
  bash "$here/init.sh" "$folder" "$packages" <&3 &
child=$!
exec 3<&- </dev/null
echo "namespaces $child"
while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done # a trapped signal interrupts wait

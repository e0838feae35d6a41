#!/bin/sh
# Runs the Node.js that package-lock.json pins, by its path: not every npm links it into node_modules/.bin,
# and the Node.js that started npm may be too old for TypeScript.
#   node.sh [ARGUMENT...]
set -eu
modules=$(cd "$(dirname "$0")/.." && pwd)/node_modules
case $(uname -m) in
  x86_64) cpu=x64 ;;
  aarch64) cpu=arm64 ;;
  *) cpu=$(uname -m) ;;
esac
node=$modules/node-linux-$cpu/bin/node
if [ ! -x "$node" ]; then
  echo "cni-tap: Cannot run Node.js: $node is not there
  sh scripts/ready.sh installs it on Linux, x86-64 or ARM64." >&2
  exit 1
fi
exec "$node" "$@"

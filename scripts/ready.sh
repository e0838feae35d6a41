#!/bin/sh
# Prepares the checkout for the npm script that calls it. Does nothing if it is ready.
#   ready.sh              installs the npm packages
#   ready.sh build        ... and the C tool chain and the QuickJS source
#   ready.sh test         ... and what the tests need
set -eu
cd "$(dirname "$0")/.."

# Run `npm ci` unless it was run with this lock file.
if ! cmp -s package-lock.json node_modules/.cni-tap-lock; then
  echo "cni-tap: installing the npm packages of package-lock.json (half a minute)" >&2
  npm ci --ignore-scripts --no-fund --no-audit --loglevel=error >&2
  cp package-lock.json node_modules/.cni-tap-lock
fi
case ${1-} in
  build) sh scripts/setup.sh ;;
  test) sh scripts/setup.sh tests ;;
  "") ;;
  *) echo "ready.sh: Cannot prepare '$1': it knows build and test" >&2; exit 2 ;;
esac

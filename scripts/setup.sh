#!/bin/sh
# Installs what is missing to build the taps: gcc, musl-tools, binutils, xz-utils, and the source of QuickJS
# (in the cache directory). Does nothing if all is there. QUICKJS_SRC=DIR uses another source directory.
#   setup.sh          to build
#   setup.sh tests    to run the tests as well, some of which need root: iproute2, e2fsprogs
set -eu
cd "$(dirname "$0")/.."
. scripts/cache-dir.sh
. scripts/archive.sh

missing=
need() { # need PACKAGE COMMAND-OR-FILE
  case $2 in
    /*) [ -e "$2" ] || missing="$missing $1" ;;
    *) command -v "$2" >/dev/null || missing="$missing $1" ;;
  esac
}
need gcc gcc
need libc6-dev /usr/include/stdio.h
need musl-tools musl-gcc
need binutils as # musl-tools does not depend on an assembler
need xz-utils xz
if [ "${1-}" = tests ] && [ "$(id -u)" = 0 ]; then
  need iproute2 ip
  need e2fsprogs mkfs.ext4
fi

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "cni-tap: Cannot build: these Debian packages are missing:$missing
  Install them as root (apt-get install$missing), or their like on other systems, and run this again." >&2
    exit 1
  fi
  echo "cni-tap: installing$missing" >&2
  log=$cache/apt.log
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # one word per package
  install() { apt-get -qq -y --no-install-recommends install $missing >"$log" 2>&1; }
  if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then apt-get -qq update >"$log" 2>&1 || true; fi
  if ! install; then
    apt-get -qq update >"$log" 2>&1 || true # old lists may name files that are gone
    if ! install; then
      cat "$log" >&2
      echo "cni-tap: Cannot install$missing: apt-get's words are above; install them and run this again" >&2
      exit 1
    fi
  fi
fi

if [ -n "${QUICKJS_SRC:-}" ]; then
  if [ ! -f "$QUICKJS_SRC/quickjs.c" ]; then
    echo "cni-tap: Cannot use QUICKJS_SRC: $QUICKJS_SRC/quickjs.c is not there; it names an unpacked QuickJS source tree" >&2
    exit 1
  fi
elif [ ! -f "$cache/quickjs-2025.04.26/quickjs.c" ]; then
  echo "cni-tap: fetching the source of QuickJS 2025-04-26 (Debian's source package, 0.6 MB)" >&2
  if ! command -v apt-get >/dev/null; then
    echo "cni-tap: Cannot fetch QuickJS: there is no apt-get here
  Unpack the source of QuickJS 2025-04-26 anywhere and name it: QUICKJS_SRC=DIR" >&2
    exit 1
  fi
  work=$cache/quickjs-download.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"
  private_apt "$work" trixie deb-src update
  (cd "$work" && private_apt "$work" trixie deb-src source --download-only quickjs=2025.04.26-1 >/dev/null)
  tar -xJf "$work"/quickjs_2025.04.26.orig.tar.xz -C "$work"
  rm -rf "$cache/quickjs-2025.04.26"
  mv "$work"/quickjs-2025* "$cache/quickjs-2025.04.26"
fi

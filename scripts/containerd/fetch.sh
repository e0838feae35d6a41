#!/bin/sh
# Fetches Debian packages of containerd, the CNI plugins, runc and what they need, and unpacks them into the
# cache directory; installs nothing. Prints the directory. Does nothing else if it exists.
#   fetch.sh [SUITE]    the suite of containerd: sid (default: 2.x) or trixie (1.7)
set -eu
cd "$(dirname "$0")/../.."
. scripts/cache-dir.sh
. scripts/archive.sh

suite=${1:-sid}
fail() {
  echo "cni-tap: Cannot $1" >&2
  exit 1
}
for tool in apt-get apt-cache dpkg dpkg-deb; do
  command -v "$tool" >/dev/null || fail "fetch containerd: there is no $tool here
  This part needs Debian 12 or newer, or one of its kin with Debian's archive in /etc/apt."
done
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
arch=$(dpkg --print-architecture)
final=$cache/containerd-$suite-$codename-$arch

if [ -f "$final/done" ]; then
  echo "$final"
  exit 0
fi

work=$(mktemp -d "$cache/containerd.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

get() { fetch_debs "$work" "$@"; } # get SUITE PACKAGE...
unpack() { unpack_debs "$work" "$@"; } # unpack PACKAGE...
# Prints containerd's version number, or nothing if this machine's libc is too old for it.
version() {
  "$work/root/usr/bin/containerd" --version 2>"$work/version.log" | sed -n 's/^[^ ]* [^ ]* v\{0,1\}\([0-9][0-9.]*\).*/\1/p'
}

echo "cni-tap: fetching containerd ($suite), runc and the CNI plugins: 45 MB of Debian packages, nothing is installed" >&2
# sid's api.proto works with every containerd: unknown fields are ignored.
get sid containernetworking-plugins golang-k8s-cri-api-dev
tools="runc busybox-static iptables libip4tc2 libip6tc2 libnetfilter-conntrack3 libnfnetlink0 libnftnl11 libmnl0 libxtables12"
# shellcheck disable=SC2086 # one word per package
get "$codename" $tools
get "$suite" containerd
# shellcheck disable=SC2086
unpack containerd containernetworking-plugins golang-k8s-cri-api-dev $tools
found=$(version)
if [ -z "$found" ] && [ "$suite" != trixie ]; then
  echo "cni-tap: containerd of $suite does not run here ($(head -n 1 "$work/version.log")); taking trixie's" >&2
  rm -f "$work"/deb/containerd_*.deb
  get trixie containerd
  unpack containerd
  found=$(version)
fi
case $found in
  1.7.* | 2.*) ;;
  "") fail "run containerd: $(head -n 1 "$work/version.log")" ;;
  *) fail "use containerd $found: this part knows 1.7 and 2.x" ;;
esac
if ! "$work/root/usr/lib/cni/bridge" </dev/null >/dev/null 2>"$work/version.log" && grep -q GLIBC "$work/version.log"; then
  echo "cni-tap: the CNI plugins of sid do not run here; taking $codename's" >&2
  rm -f "$work"/deb/containernetworking-plugins_*.deb
  get "$codename" containernetworking-plugins
  unpack containernetworking-plugins
fi
rm -rf "$work"/apt-* "$work"/*.log
echo "$found" >"$work/done"
chmod 755 "$work"
# If two run at once, the directory of the first one is kept.
mv -T "$work" "$final" 2>/dev/null || [ -f "$final/done" ] || fail "make $final"
echo "$final"

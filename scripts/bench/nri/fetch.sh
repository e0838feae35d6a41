#!/bin/sh
# Fetches containerd/nri's stub for plugins in Go, and what it is compiled with, as Debian packages, and unpacks them
# into the cache directory; nothing is installed. Prints nri's version and the GOPATH. Silent and quick when it is there.
set -eu
cd "$(dirname "$0")/../../.."
. scripts/cache-dir.sh
. scripts/archive.sh

for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || {
    echo "cni-tap: Cannot fetch containerd/nri for Go: there is no $tool here" >&2
    exit 1
  }
done
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
final=$cache/nri-go-$codename

if [ ! -f "$final/version" ]; then
  work=$(mktemp -d "$cache/nri-go.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  echo "cni-tap: fetching containerd/nri for Go: 12 MB of Debian packages, nothing is installed" >&2
  # trixie's nri knows neither a pod's addresses nor a Synchronize in parts.
  newest="golang-github-containerd-nri-dev"
  # Not in bookworm, or too old there for the line above.
  newer="golang-github-containerd-ttrpc-dev golang-github-containerd-log-dev golang-github-kubernetes-cri-api-dev"
  # The machine's own: what its own Go compiles.
  own="golang-github-sirupsen-logrus-dev golang-github-opencontainers-specs-dev golang-github-gogo-protobuf-dev
    golang-github-golang-protobuf-1-5-dev golang-google-protobuf-dev golang-google-grpc-dev golang-google-genproto-dev
    golang-golang-x-net-dev golang-golang-x-sys-dev golang-golang-x-text-dev"
  # shellcheck disable=SC2086 # one word a package
  {
    fetch_debs "$work" sid $newest
    fetch_debs "$work" trixie $newer
    fetch_debs "$work" "$codename" $own
    unpack_debs "$work" $newest $newer $own
  }
  # 80 MB of other services' messages, of which only the status is wanted.
  find "$work/root/usr/share/gocode/src/google.golang.org/genproto" -mindepth 2 -maxdepth 2 ! -name rpc -exec rm -rf {} +
  version=$(basename "$work"/deb/golang-github-containerd-nri-dev_*.deb | sed 's/^[^_]*_\([^-_]*\).*/\1/')
  rm -rf "$work"/apt* "$work/deb"
  echo "$version" >"$work/version"
  chmod 755 "$work"
  # Two at once: the first one's directory stays.
  mv -T "$work" "$final" 2>/dev/null || [ -f "$final/version" ] || {
    echo "cni-tap: Cannot make $final" >&2
    exit 1
  }
fi
cat "$final/version"
echo "$final/root/usr/share/gocode"

#!/bin/sh
# Fetches Debian packages of containerd/nri's plugin stub for Go and its dependencies, and unpacks them into
# the cache directory; installs nothing. Prints nri's version and the GOPATH. Does nothing else if they exist.
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
  # trixie's nri has neither pod addresses nor a Synchronize in parts.
  newest="golang-github-containerd-nri-dev"
  # These are not in bookworm, or too old there for that nri.
  newer="golang-github-containerd-ttrpc-dev golang-github-containerd-log-dev golang-github-kubernetes-cri-api-dev"
  # From the machine's own suite, so that its Go can compile them.
  own="golang-github-sirupsen-logrus-dev golang-github-opencontainers-specs-dev golang-github-gogo-protobuf-dev
    golang-github-golang-protobuf-1-5-dev golang-google-protobuf-dev golang-google-grpc-dev golang-google-genproto-dev
    golang-golang-x-net-dev golang-golang-x-sys-dev golang-golang-x-text-dev"
  # shellcheck disable=SC2086 # one word per package
  {
    fetch_debs "$work" sid $newest
    fetch_debs "$work" trixie $newer
    fetch_debs "$work" "$codename" $own
    unpack_debs "$work" $newest $newer $own
  }
  # Removes 80 MB of messages of other services; only the status is needed.
  find "$work/root/usr/share/gocode/src/google.golang.org/genproto" -mindepth 2 -maxdepth 2 ! -name rpc -exec rm -rf {} +
  version=$(basename "$work"/deb/golang-github-containerd-nri-dev_*.deb | sed 's/^[^_]*_\([^-_]*\).*/\1/')
  rm -rf "$work"/apt* "$work/deb"
  echo "$version" >"$work/version"
  chmod 755 "$work"
  # If two run at once, the directory of the first one is kept.
  mv -T "$work" "$final" 2>/dev/null || [ -f "$final/version" ] || {
    echo "cni-tap: Cannot make $final" >&2
    exit 1
  }
fi
cat "$final/version"
echo "$final/root/usr/share/gocode"

# Sourced: sets cache to the directory for downloads and objects, which builds and checkouts share.
# CNI_TAP_CACHE overrides it; without HOME it is build/cache of the checkout.
cache=${CNI_TAP_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
if [ -z "${CNI_TAP_CACHE:-}" ]; then
  if [ -n "$cache" ]; then cache=$cache/cni-tap; else cache=$PWD/build/cache; fi
fi
mkdir -p "$cache"

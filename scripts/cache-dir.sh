# Sourced: sets cache to the directory that keeps downloads and objects between builds and checkouts.
# CNI_TAP_CACHE names another one; without a home it is build/cache of the checkout.
cache=${CNI_TAP_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
if [ -z "${CNI_TAP_CACHE:-}" ]; then
  if [ -n "$cache" ]; then cache=$cache/cni-tap; else cache=$PWD/build/cache; fi
fi
mkdir -p "$cache"

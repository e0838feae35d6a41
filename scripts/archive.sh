# Sourced: apt with private lists, which does not change the machine's apt.

# Prints the URIs of the Debian archives that this machine uses: sources that have its codename as a suite and
# that Debian's keyring signs (other archives are often listed too). Reads sources.list.d/*.sources and
# one-line sources; either may be missing.
archive_uri() {
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  for f in /etc/apt/sources.list.d/*.sources; do
    [ -f "$f" ] || continue
    grep -v '^#' "$f" | awk -v RS= -v want="$codename" '
      {
        uri = suites = signed = ""; enabled = 1; n = split($0, line, "\n")
        for (i = 1; i <= n; i++) {
          if (line[i] ~ /^[^ \t]/) { key = tolower(substr(line[i], 1, index(line[i], ":") - 1)); text = substr(line[i], index(line[i], ":") + 1) }
          else text = line[i]
          if (key == "uris") uri = uri " " text
          if (key == "suites") suites = suites " " text " "
          if (key == "signed-by") signed = signed text
          if (key == "enabled" && text ~ /no|false/) enabled = 0
        }
        split(uri, first, " ")
        if (enabled && index(suites, " " want " ") && (signed == "" || signed ~ /debian-archive/)) print first[1]
      }'
  done
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$f" ] || continue
    sed -n 's/^deb[ \t]*\(\[[^]]*\]\)\{0,1\}[ \t]*//p' "$f" | awk -v want="$codename" '$2 == want { print $1 }'
  done
}

# private_apt DIR SUITE TYPE WORD...: runs apt-get WORD... with only SUITE (main) of the machine's archive;
# TYPE is deb or deb-src. Lists and downloads stay in DIR. Release files are checked with Debian's keyring,
# but may be expired, so that an outdated mirror can be used.
private_apt() {
  dir=$1 suite=$2 type=$3
  shift 3
  uri=$(archive_uri | head -n 1)
  if [ -z "$uri" ]; then
    echo "cni-tap: Cannot find Debian's archive in /etc/apt: no source has this machine's own suite" >&2
    return 1
  fi
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -e "$keyring" ] || keyring=/usr/share/keyrings/debian-archive-keyring.pgp
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  echo "$type [signed-by=$keyring] $uri $suite main" >"$dir/$suite-$type.list"
  apt-get -qq -oDir::Etc::SourceList="$dir/$suite-$type.list" -oDir::Etc::SourceParts=/dev/null \
    -oDir::State::Lists="$dir/lists" -oDir::Cache="$dir/cache" -oAPT::Sandbox::User=root \
    -oAcquire::Check-Valid-Until=false -oAcquire::Languages=none -oAcquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false "$@"
}

# fetch_debs DIR SUITE PACKAGE...: downloads packages of SUITE into DIR/deb; lists stay in DIR. Shows the
# output of apt-get only if it fails.
fetch_debs() {
  work=$1 from=$2
  shift 2
  mkdir -p "$work/apt-$from" "$work/deb"
  (
    private_apt "$work/apt-$from" "$from" deb update
    cd "$work/deb"
    private_apt "$work/apt-$from" "$from" deb download "$@"
  ) >"$work/apt.log" 2>&1 || {
    cat "$work/apt.log" >&2
    echo "cni-tap: Cannot fetch these packages of Debian's $from: $*; apt-get's words are above" >&2
    return 1
  }
}

# unpack_debs DIR PACKAGE...: unpacks packages of DIR/deb into DIR/root.
unpack_debs() {
  work=$1
  shift
  for package in "$@"; do
    dpkg-deb -x "$work/deb/$package"_*.deb "$work/root" || {
      echo "cni-tap: Cannot unpack $package" >&2
      return 1
    }
  done
}

#!/bin/bash
# What the live tests run against: a real Asterisk 22, baresip, SIPp, nats-server and Chromium,
# unpacked into a directory.
#
# usage: scripts/live-tools.sh [DIR]      (default: .live beside this script's folder)
#
# Debian's own packages are downloaded and unpacked: no root, no chroot, nothing installed, no
# maintainer script run. DIR/bin/{asterisk,baresip,sipp,nats-server} start them with the loader and
# libraries that came with them, so the machine's own do not matter. DIR/bin/chromium uses the
# machine's C library and nothing else of it, and has fonts of its own, Chinese ones too; where it
# does not run it is left out. Run this again at any time: it does nothing when all is there, and
# begins anew when this script has changed.
#
# RID_LIVE_SUITE (forky), RID_LIVE_PHONE_SUITE (bookworm), RID_LIVE_MIRROR
# (http://deb.debian.org/debian) and RID_LIVE_KEYRING may be set.
set -euo pipefail

PBX_SUITE=${RID_LIVE_SUITE:-forky}
# Of the phones, bookworm's: the baresip 1.1.0 of later suites crashes when a call is put on hold.
PHONE_SUITE=${RID_LIVE_PHONE_SUITE:-bookworm}
MIRROR=${RID_LIVE_MIRROR:-http://deb.debian.org/debian}
KEYRING=${RID_LIVE_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
# What only maintainer scripts, or modules that no test loads, would need. Taken as installed.
LEFT_OUT=(adduser passwd perl perl-base python3 tzdata debconf init-system-helpers gnupg gpg
  libsnmp45t64 libsnmp45 libcodec2-1.2 libcodec2-1.0 libgmime-3.0-0t64 libical3t64 libldap2
  libpq5 libodbc2 libsybdb5 libjack-jackd2-0 libportaudio2 libneon27t64 libradcli4 libiksemel3
  libvpx12 libvpx7 libspandsp2t64 libspandsp2 liblua5.1-0 libopencore-amrnb0 libopencore-amrwb0
  libvo-amrwbenc0 libopusenc0 libopusfile0 libasound2t64 libasound2 libmosquitto1 libjwt2 libjwt3
  libdirectfb-1.7-7 pci.ids)
# Chromium starts itself again as /proc/self/exe, which would be a loader of ours: it takes the
# machine's, and so its C library.
BROWSER=chromium-headless-shell
BROWSER_LEFT_OUT=(libc6 libgl1-mesa-dri libsystemd0)
SECONDS=0

say() { printf 'live-tools: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null ||
    die "no $tool: live tests need Debian or Ubuntu with apt-get; run 'make unit integration' elsewhere"
done
for tool in tar flock cksum realpath; do
  command -v "$tool" >/dev/null || die "no $tool: apt-get install tar util-linux coreutils"
done
DIR=$(realpath -m "${1:-$(dirname "$0")/../.live}")
[ -r "$KEYRING" ] || die "no $KEYRING: apt-get install debian-archive-keyring"
ARCH=$(dpkg --print-architecture)
TRIPLET=$(uname -m)-linux-gnu
WANTED="$PBX_SUITE $PHONE_SUITE $ARCH $(cksum <"$0")"

mkdir -p "$DIR" || die "cannot write to $DIR: name another directory, scripts/live-tools.sh DIR"
exec 9>"$DIR/.lock"
flock -n 9 || { say "another run is at work in $DIR, waiting"; flock 9; }
if [ -x "$DIR/bin/asterisk" ] && [ "$(cat "$DIR/.complete" 2>/dev/null)" = "$WANTED" ]; then
  say "all there in $DIR"
  exit 0
fi
rm -rf "$DIR/.complete" "$DIR/bin" "$DIR/pbx" "$DIR/phone" "$DIR/nats" "$DIR/browser"
APT=$DIR/apt.new
trap 'rm -rf "$APT"' EXIT

# An apt of our own, that knows one archive and believes only LEFT_OUT to be installed.
own_apt() { # SUITE
  rm -rf "$APT"
  mkdir -p "$APT"/{lists/partial,cache/archives/partial,etc/apt.conf.d,etc/preferences.d}
  echo "deb [arch=$ARCH signed-by=$KEYRING] $MIRROR $1 main" >"$APT/etc/sources.list"
  for package in "${LEFT_OUT[@]}"; do
    printf 'Package: %s\nStatus: install ok installed\nVersion: 999:999\n' "$package"
    printf 'Architecture: %s\nMulti-Arch: allowed\n' "$ARCH"
    printf 'Maintainer: none\nDescription: left out\n\n'
  done >"$APT/status"
  cat >"$APT/apt.conf" <<C
Dir "$APT"; Dir::State "$APT"; Dir::State::lists "$APT/lists"; Dir::State::status "$APT/status";
Dir::Log "$APT"; Dir::Cache "$APT/cache"; Dir::Etc "$APT/etc"; Dir::Etc::parts "$APT/etc/apt.conf.d";
Dir::Etc::main "-"; Dir::Etc::sourcelist "$APT/etc/sources.list"; Dir::Etc::sourceparts "-";
Debug::NoLocking "true"; APT::Sandbox::User ""; APT::Install-Recommends "false";
APT::Architecture "$ARCH"; APT::Architectures { "$ARCH"; };
Acquire::Check-Valid-Until "false"; Acquire::Languages "none";
Acquire::Retries "3"; Acquire::http::Timeout "30"; APT::Update::Error-Mode "any";
C
  export APT_CONFIG=$APT/apt.conf
}

download() { # PACKAGE…
  apt-get -qq update && apt-get -qq -y --download-only install "$@" >/dev/null
}

unpack() { # ROOT SUITE PACKAGE…
  local root=$DIR/$1 suite=$2 wait sub deb
  shift 2
  own_apt "$suite"
  say "downloading $* of Debian $suite from $MIRROR"
  for wait in 5 15 none; do
    download "$@" && break
    [ "$wait" != none ] ||
      die "no luck downloading: check the network to $MIRROR (a proxy goes into http_proxy) and run this again"
    say "the download failed, again in $wait s"
    sleep "$wait"
  done
  say "$(du -sh "$APT/cache/archives" | cut -f1) downloaded after $SECONDS s, unpacking"
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
  for sub in bin sbin lib lib64; do ln -s "usr/$sub" "$root/$sub"; done # as Debian lays it out
  for deb in "$APT"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --no-same-owner --keep-directory-symlink \
      --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
      --exclude='./usr/share/perl/*' --exclude='./usr/lib/systemd/*' --exclude='./etc/*' \
      --exclude='./var/*' --exclude='./usr/share/baresip/*' --exclude='*/NotoSerifCJK*' \
      --exclude='./usr/lib/chromium/locales/*' --exclude='./usr/lib/chromium/lib[Vv]k*' ||
      die "cannot unpack ${deb##*/}: is the disk full?"
  done
}

# A wrapper finds its tree from its own place, so DIR may be moved.
wrapper() { # ROOT BINARY
  local root=$DIR/$1 name=${2##*/} lib loader needs foreign
  cat >"$DIR/bin/$name" <<W
#!/bin/sh
root=\$(cd "\$(dirname "\$(readlink -f "\$0")")/../$1" && pwd -P) || exit 127
lib=\$root/usr/lib/$TRIPLET
for loader in "\$lib"/ld-linux-*.so.* "\$root"/usr/lib/ld-linux-*.so.*; do
  [ ! -e "\$loader" ] || break
done
exec "\$loader" --library-path "\$lib:\$root/usr/lib" "\$root/$2" "\$@"
W
  chmod +x "$DIR/bin/$name"
  # Nothing of this machine may be needed, nor anything of it be used.
  lib=$root/usr/lib/$TRIPLET
  loader=$(find "$lib" "$root/usr/lib" -maxdepth 1 -name 'ld-linux-*.so.*' -print -quit)
  [ -n "$loader" ] || die "no loader among the packages: report this with 'uname -a'"
  needs=$("$loader" --library-path "$lib:$root/usr/lib" --list "$root/$2" 2>&1 || true)
  foreign=$(grep -F '.so' <<<"$needs" | grep -vE "linux-vdso|=> $root/|^[[:space:]]*$root/" || true)
  [ -z "$foreign" ] || die "$name lacks a library, LEFT_OUT of $0 leaves out too much:" "$foreign"
}

# The same for Chromium, but for the loader (see BROWSER_LEFT_OUT).
browser_wrapper() {
  local root=$DIR/browser
  cat >"$root/fonts.conf" <<'F'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <match><edit name="family" mode="append_last">
    <string>Noto Sans CJK SC</string><string>DejaVu Sans</string>
  </edit></match>
</fontconfig>
F
  cat >"$DIR/bin/chromium" <<W
#!/bin/sh
root=\$(cd "\$(dirname "\$(readlink -f "\$0")")/../browser" && pwd -P) || exit 127
LD_LIBRARY_PATH=\$root/usr/lib/$TRIPLET FONTCONFIG_FILE=\$root/fonts.conf XDG_CACHE_HOME=\$root/cache
export LD_LIBRARY_PATH FONTCONFIG_FILE XDG_CACHE_HOME
exec "\$root/usr/lib/chromium/$BROWSER" "\$@"
W
  chmod +x "$DIR/bin/chromium"
}

unpack pbx "$PBX_SUITE" asterisk asterisk-modules
SOUNDS=$DIR/pbx/usr/share/asterisk/sounds
[ -e "$SOUNDS/en" ] || ln -s en_US_f_Allison "$SOUNDS/en" # what the package's postinst does
unpack phone "$PHONE_SUITE" baresip-core sip-tester
unpack nats "$PBX_SUITE" nats-server libc6
LEFT_OUT+=("${BROWSER_LEFT_OUT[@]}")
unpack browser "$PHONE_SUITE" $BROWSER fonts-noto-cjk fonts-dejavu-core
rm -rf "$APT"
mkdir -p "$DIR/bin"
wrapper pbx usr/sbin/asterisk
wrapper phone usr/bin/baresip
wrapper phone usr/bin/sipp
wrapper nats usr/sbin/nats-server
browser_wrapper

version=$("$DIR/bin/asterisk" -V) || die "the unpacked Asterisk does not run: report this with 'uname -a'"
case $version in
  "Asterisk "[0-9]*) ;;
  *) die "the unpacked Asterisk says '$version' of itself" ;;
esac
"$DIR/bin/nats-server" --version >/dev/null ||
  die "the unpacked nats-server does not run: report this with 'uname -a'"
if ! chromium=$("$DIR/bin/chromium" --version 2>&1); then
  say "Chromium does not run here, browser tests will be skipped: $chromium"
  rm "$DIR/bin/chromium"
  chromium="no Chromium"
fi
printf '%s\n' "$WANTED" >"$DIR/.complete"
say "$version, baresip, SIPp, nats-server and $chromium in $DIR/bin: $(du -sh "$DIR" | cut -f1), $SECONDS s"

#!/bin/bash
# What the live tests run against: a real Asterisk 22, baresip and SIPp, unpacked into a directory.
#
# usage: scripts/live-tools.sh [DIR]      (default: .live beside this script's folder)
#
# Debian's own packages are downloaded and unpacked: no root, no chroot, nothing installed, no
# maintainer script run. DIR/bin/{asterisk,baresip,sipp} start them with the loader and libraries
# that came with them, so the machine's own do not matter. Run it again at any time: it does
# nothing when all is there, and begins anew when this script has changed.
#
# RID_LIVE_SUITE (forky) and RID_LIVE_MIRROR (http://deb.debian.org/debian) may be set.
set -euo pipefail

SUITE=${RID_LIVE_SUITE:-forky}
MIRROR=${RID_LIVE_MIRROR:-http://deb.debian.org/debian}
KEYRING=${RID_LIVE_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
PACKAGES=(asterisk asterisk-modules baresip-core sip-tester)
# What only maintainer scripts, or modules that no test loads, would need. Taken as installed.
LEFT_OUT=(adduser passwd perl perl-base python3 tzdata debconf init-system-helpers gnupg gpg
  libsnmp45t64 libsnmp45 libcodec2-1.2 libgmime-3.0-0t64 libical3t64 libldap2
  libpq5 libodbc2 libsybdb5 libjack-jackd2-0 libportaudio2 libneon27t64 libradcli4 libiksemel3
  libvpx12 libspandsp2t64 liblua5.1-0 libopencore-amrnb0 libopencore-amrwb0 libvo-amrwbenc0
  libopusenc0 libopusfile0 libasound2t64 libmosquitto1 libjwt2 libjwt3 pci.ids)
DIR=$(realpath -m "${1:-$(dirname "$0")/../.live}")
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
[ -r "$KEYRING" ] || die "no $KEYRING: apt-get install debian-archive-keyring"
ARCH=$(dpkg --print-architecture)
TRIPLET=$(uname -m)-linux-gnu
WANTED="$SUITE $ARCH $(cksum <"$0")"

mkdir -p "$DIR" || die "cannot write to $DIR: name another directory, scripts/live-tools.sh DIR"
exec 9>"$DIR/.lock"
flock -n 9 || { say "another run is at work in $DIR, waiting"; flock 9; }
if [ -x "$DIR/bin/asterisk" ] && [ "$(cat "$DIR/.complete" 2>/dev/null)" = "$WANTED" ]; then
  say "all there in $DIR"
  exit 0
fi
NEW=$DIR/root.new APT=$DIR/apt.new
rm -rf "$DIR/.complete" "$DIR/bin" "$DIR/root" "$NEW" "$APT"
trap 'rm -rf "$NEW" "$APT"' EXIT

# An apt of our own, that knows one archive and believes only LEFT_OUT to be installed.
mkdir -p "$APT"/{lists/partial,cache/archives/partial,etc/apt.conf.d,etc/preferences.d}
echo "deb [arch=$ARCH signed-by=$KEYRING] $MIRROR $SUITE main" >"$APT/etc/sources.list"
for package in "${LEFT_OUT[@]}"; do
  printf 'Package: %s\nStatus: install ok installed\nVersion: 999:999\nArchitecture: %s\n' "$package" "$ARCH"
  printf 'Multi-Arch: allowed\nMaintainer: none\nDescription: left out\n\n'
done >"$APT/status"
cat >"$APT/apt.conf" <<C
Dir "$APT"; Dir::State "$APT"; Dir::State::lists "$APT/lists"; Dir::State::status "$APT/status";
Dir::Log "$APT"; Dir::Cache "$APT/cache"; Dir::Etc "$APT/etc"; Dir::Etc::parts "$APT/etc/apt.conf.d";
Dir::Etc::main "-"; Dir::Etc::sourcelist "$APT/etc/sources.list"; Dir::Etc::sourceparts "-";
Debug::NoLocking "true"; APT::Sandbox::User ""; APT::Install-Recommends "false";
APT::Architecture "$ARCH"; APT::Architectures { "$ARCH"; };
Acquire::Check-Valid-Until "false"; Acquire::Languages "none"; Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::Retries "3"; Acquire::http::Timeout "30"; APT::Update::Error-Mode "any";
C
export APT_CONFIG=$APT/apt.conf

download() {
  apt-get -qq update &&
    apt-get -qq -y --download-only install "${PACKAGES[@]}" >/dev/null
}
say "downloading Asterisk, baresip and SIPp of Debian $SUITE from $MIRROR"
for wait in 5 15 none; do
  download && break
  [ "$wait" != none ] ||
    die "no luck downloading: check the network to $MIRROR (a proxy goes into http_proxy) and run this again"
  say "the download failed, again in $wait s"
  sleep "$wait"
done
say "$(du -shL "$APT/cache/archives" | cut -f1) downloaded after $SECONDS s, unpacking"

mkdir -p "$NEW"/usr/{bin,sbin,lib,lib64}
for sub in bin sbin lib lib64; do ln -s "usr/$sub" "$NEW/$sub"; done # as Debian lays it out
for deb in "$APT"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$NEW" --no-same-owner --keep-directory-symlink \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
    --exclude='./usr/share/perl/*' --exclude='./usr/lib/systemd/*' --exclude='./etc/*' \
    --exclude='./var/*' --exclude='./usr/share/baresip/*' || die "cannot unpack ${deb##*/}: is the disk full?"
done
SOUNDS=$NEW/usr/share/asterisk/sounds
[ -e "$SOUNDS/en" ] || ln -s en_US_f_Allison "$SOUNDS/en" # what the package's postinst does

wrapper() { # NAME BINARY: relocatable, so that DIR may be moved or mounted elsewhere
  cat >"$DIR/bin/$1" <<W
#!/bin/sh
root=\$(cd "\$(dirname "\$(readlink -f "\$0")")/../root" && pwd -P) || exit 127
lib=\$root/usr/lib/$TRIPLET
for loader in "\$lib"/ld-linux-*.so.* "\$root"/usr/lib/ld-linux-*.so.*; do
  [ ! -e "\$loader" ] || break
done
exec "\$loader" --library-path "\$lib:\$root/usr/lib" "\$root/$2" "\$@"
W
  chmod +x "$DIR/bin/$1"
}
mkdir -p "$DIR/bin"
mv "$NEW" "$DIR/root"
# Nothing of this machine may be needed, nor anything of it be used.
lib=$DIR/root/usr/lib/$TRIPLET
loader=$(find "$lib" "$DIR/root/usr/lib" -maxdepth 1 -name 'ld-linux-*.so.*' -print -quit)
[ -n "$loader" ] || die "no loader among the packages of $SUITE: report this with 'uname -a'"
for binary in usr/sbin/asterisk usr/bin/baresip usr/bin/sipp; do
  wrapper "${binary##*/}" "$binary"
  needs=$("$loader" --library-path "$lib:$DIR/root/usr/lib" --list "$DIR/root/$binary" 2>&1 || true)
  foreign=$(grep -F '.so' <<<"$needs" | grep -vE "linux-vdso|=> $DIR/root/|^[[:space:]]*$DIR/root/" || true)
  [ -z "$foreign" ] || die "${binary##*/} lacks a library, LEFT_OUT of $0 leaves out too much:" "$foreign"
done
version=$("$DIR/bin/asterisk" -V) || die "the unpacked Asterisk does not run: report this with 'uname -a'"
case $version in
  "Asterisk "[0-9]*) ;;
  *) die "the unpacked Asterisk says '$version' of itself" ;;
esac
printf '%s\n' "$WANTED" >"$DIR/.complete"
say "$version, baresip and SIPp in $DIR/bin: $(du -sh "$DIR/root" | cut -f1), $SECONDS s"

#!/bin/sh
# Installs what building and testing Postrider need: Debian's packages, as root
# or with sudo. Says plainly what to install where it can't.
set -eu

# What the window toolkit builds with; then the servers, the keyring and the
# screen that the tests start for themselves; then the peer of `make bench`.
build='gcc libc6-dev pkg-config libgl1-mesa-dev xorg-dev'
tests='dovecot-imapd postfix radicale xandikos gnome-keyring dbus libsecret-tools xvfb xdotool imagemagick libgl1-mesa-dri fonts-dejavu-core'
bench='isync vdirsyncer'

if ! command -v go >/dev/null 2>&1; then
	echo 'Postrider is built with Go 1.26 or newer: install it from https://go.dev/dl or your system, and put it on PATH.' >&2
	exit 1
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
	cat >&2 <<EOF
This is not Debian (nor a relative with dpkg), so nothing was installed. Postrider builds with
  a C compiler, pkg-config, and the headers of OpenGL and X11 (Windows, macOS: a C compiler is enough);
its tests also start Dovecot, Cyrus IMAP, Postfix (as root), Radicale, Xandikos, GNOME Keyring in a private D-Bus session, Xvfb, xdotool and ImageMagick's import.
On Debian these are: $build $tests $bench
EOF
	exit 0
fi

# Cyrus IMAP, the other server of the conformance suite, can't be installed
# beside Dovecot: the packages conflict. It is unpacked where the tests look
# for it (agent/imap/imaptest), and only its libraries are installed.
cyrus=/var/cache/postrider/cyrus

installed() {
	dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}
missing=''
for p in $build $tests $bench; do
	installed "$p" || missing="$missing $p"
done
[ -n "$missing" ] || [ ! -x "$cyrus/usr/lib/cyrus/bin/imapd" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	as=''
elif command -v sudo >/dev/null 2>&1; then
	as='sudo'
else
	echo "These packages are missing; install them as root, then try again:$missing cyrus-imapd (unpacked into $cyrus)" >&2
	exit 1
fi
echo "Installing:$missing"
$as apt-get update -q
unpacked=''
if [ ! -x "$cyrus/usr/lib/cyrus/bin/imapd" ]; then
	unpacked=$(mktemp -d)
	trap 'rm -rf "$unpacked"' EXIT
	(cd "$unpacked" && apt-get download -q cyrus-imapd cyrus-common)
	for deb in "$unpacked"/*.deb; do
		dpkg-deb -x "$deb" "$unpacked/cyrus"
		for p in $(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/[|(:].*//; s/ //g' | grep '^lib'); do
			installed "$p" || missing="$missing $p"
		done
	done
fi
# No service is to start on this machine: the tests start their own.
policy=/usr/sbin/policy-rc.d
made=''
if [ ! -e "$policy" ]; then
	made=1
	printf '#!/bin/sh\nexit 101\n' | $as tee "$policy" >/dev/null
	$as chmod +x "$policy"
fi
status=0
# shellcheck disable=SC2086
[ -z "$missing" ] || $as env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing || status=$?
[ -z "$made" ] || $as rm -f "$policy"
if [ "$status" = 0 ] && [ -n "$unpacked" ]; then
	$as mkdir -p "$(dirname "$cyrus")"
	$as rm -rf "$cyrus"
	$as cp -r "$unpacked/cyrus" "$cyrus"
	$as chmod -R a+rX "$(dirname "$cyrus")"
fi
exit "$status"

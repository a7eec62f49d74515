#!/bin/sh
# Installs what building and testing Postrider need: Debian's packages, as root
# or with sudo. Says plainly what to install where it can't.
set -eu

# What the window toolkit builds with; then the servers, the keyring and the
# screen that the tests start for themselves; then the peer of `make bench`.
build='gcc libc6-dev pkg-config libgl1-mesa-dev xorg-dev'
tests='dovecot-imapd postfix gnome-keyring dbus libsecret-tools xvfb xdotool imagemagick libgl1-mesa-dri fonts-dejavu-core'
bench='isync'

if ! command -v go >/dev/null 2>&1; then
	echo 'Postrider is built with Go 1.26 or newer: install it from https://go.dev/dl or your system, and put it on PATH.' >&2
	exit 1
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
	cat >&2 <<EOF
This is not Debian (nor a relative with dpkg), so nothing was installed. Postrider builds with
  a C compiler, pkg-config, and the headers of OpenGL and X11 (Windows, macOS: a C compiler is enough);
its tests also start Dovecot, Postfix (as root), GNOME Keyring in a private D-Bus session, Xvfb, xdotool and ImageMagick's import.
On Debian these are: $build $tests $bench
EOF
	exit 0
fi

missing=''
for p in $build $tests $bench; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	as=''
elif command -v sudo >/dev/null 2>&1; then
	as='sudo'
else
	echo "These packages are missing; install them as root, then try again:$missing" >&2
	exit 1
fi
echo "Installing:$missing"
$as apt-get update -q
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
$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing || status=$?
[ -z "$made" ] || $as rm -f "$policy"
exit "$status"

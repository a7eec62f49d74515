#!/bin/sh
# Prints the folder for the tests' temporary files: one in memory where the system
# has it, with room, and lets programs run from it. The tests write through to disk
# many thousand times, as Postrider does, and start servers that do. TMPDIR, where
# it is set, is the user's choice.
if [ -z "${TMPDIR:-}" ] && [ -d /dev/shm ] && [ -w /dev/shm ] &&
	awk '$2 == "/dev/shm" && $3 == "tmpfs" && $4 !~ /noexec/ { ok = 1 } END { exit !ok }' /proc/mounts 2>/dev/null &&
	[ "$(df -Pk /dev/shm | awk 'END { print $4 }')" -ge 4194304 ]; then
	echo /dev/shm
else
	echo "${TMPDIR:-/tmp}"
fi

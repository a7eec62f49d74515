package offline

import (
	"os"
	"syscall"
)

// fullErrnos are what the system says when a disk or a quota is used up:
// ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL, ERROR_DISK_QUOTA_EXCEEDED.
var fullErrnos = [...]error{syscall.Errno(112), syscall.Errno(39), syscall.Errno(1295)}

// mapAhead is 0: on Windows bbolt makes the file as large as its mapping.
const mapAhead = 0

// syncDir does nothing: NTFS journals renames, and directories can't be synced.
func syncDir(string) error { return nil }

// unlock does nothing: closing the handle gives up the lock.
func unlock(*os.File) {}

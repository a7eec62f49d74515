package offline

import (
	"errors"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// fullErrnos are what the system says when a disk or a quota is used up:
// ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL, ERROR_DISK_QUOTA_EXCEEDED.
var fullErrnos = [...]error{syscall.Errno(112), syscall.Errno(39), syscall.Errno(1295)}

// mapAhead is 0: on Windows bbolt makes the file as large as its mapping.
const mapAhead = 0

// syncDir does nothing: NTFS journals renames, and directories can't be synced.
func syncDir(string) error { return nil }

// lockRange is the byte range that bbolt locks.
func lockRange() *windows.Overlapped {
	return &windows.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxUint32}
}

// tryLock takes the lock that bbolt takes, for a look before bbolt does; busy
// says that somebody else has it.
func tryLock(f *os.File) (busy bool, err error) {
	err = windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_FAIL_IMMEDIATELY|windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, lockRange())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}

// unlock gives the lock up.
func unlock(f *os.File) { _ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, lockRange()) }

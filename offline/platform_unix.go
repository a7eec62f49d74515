//go:build unix

package offline

import (
	"errors"
	"os"
	"syscall"
)

// fullErrnos are what the system says when a disk or a quota is used up.
var fullErrnos = [...]error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}

// mapAhead is how much address space bbolt maps at once. Growing inside of it
// costs nothing, while growing over it waits for every reader.
const mapAhead = 1 << 28

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// tryLock takes the lock that bbolt takes, for a look before bbolt does; busy
// says that somebody else has it.
func tryLock(f *os.File) (busy bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// unlock gives the lock up, also one that bbolt left on a file still mapped.
func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

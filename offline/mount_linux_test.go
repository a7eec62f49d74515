package offline

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mountSmall mounts a disk of 8 MB at dir, 2 MB of it taken by the file
// "ballast". Only root can.
func mountSmall(t *testing.T, dir string) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 2<<20), 0o600)
}

//go:build unix

package davtest

import (
	"os/exec"
	"syscall"
)

// ownGroup makes c the head of a process group, so that kill reaches the
// processes that it starts.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func kill(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }

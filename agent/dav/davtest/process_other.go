//go:build !unix

package davtest

import "os/exec"

func ownGroup(*exec.Cmd) {}

func kill(c *exec.Cmd) { _ = c.Process.Kill() }

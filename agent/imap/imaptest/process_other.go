//go:build !unix

package imaptest

import "os/exec"

func ownGroup(*exec.Cmd) {}

func kill(c *exec.Cmd) { _ = c.Process.Kill() }

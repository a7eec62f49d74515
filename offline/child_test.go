package offline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// childMain is what the test binary does when a test starts it as another
// process on the store in OFFLINE_TEST_DIR; its result is the exit code.
func childMain(role string) int {
	dir := os.Getenv("OFFLINE_TEST_DIR")
	o := OpenOptions{Now: testClock, LockTimeout: 100 * time.Millisecond}
	s, err := Open(dir, testKey(), o)
	switch role {
	case "open":
		fmt.Println(err)
		if errors.Is(err, ErrInUse) {
			return 3
		}
	case "hold":
		fmt.Println("open:", err)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
	case "write":
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		err = writeForEver(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = s.Close()
	return 0
}

// child prepares this test binary as another process.
func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), exe)
	c.Env = append(os.Environ(), "OFFLINE_TEST_CHILD="+role, "OFFLINE_TEST_DIR="+dir)
	return c
}

// hold starts a process that has the store open until release is called.
func hold(t *testing.T, dir string) (release func()) {
	t.Helper()
	c := child(t, "hold", dir)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open: <nil>\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return func() {
		_ = in.Close()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func TestASecondProcessIsToldThatTheStoreIsInUse(t *testing.T) {
	dir, _ := populated(t)
	release := hold(t, dir)
	refused(t, dir, testKey(), testOptions(t), ErrInUse)
	release()
	s := openAt(t, dir)
	out, err := child(t, "open", dir).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("the second process: %v, %s", err, out)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestASecondOpenInTheSameProcessIsInUse(t *testing.T) {
	dir, _ := populated(t)
	openAt(t, dir)
	refused(t, dir, testKey(), testOptions(t), ErrInUse)
}

package app

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripting contract of docs/cli.md that needs no server.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("POSTRIDER_HOME", e.WorkDir+"/home")
			e.Setenv("DISPLAY", "")
			return os.Mkdir(e.WorkDir+"/home", 0o700)
		},
		// Conditions and commands beyond testscript's own: exit CODE COMMAND...
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command and asks for its exit code: exits 2 postrider --nonsense
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = err.Error()
	}
	if want := map[bool]string{true: "0", false: "exit status " + args[0]}[args[0] == "0"]; got != want {
		ts.Fatalf("%v ended with %q, want %q", args[1:], got, want)
	}
}

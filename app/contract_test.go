package app

import (
	"bytes"
	"context"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve runs the profile's Postrider for the rest of the test.
func (r *rig) serve() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	r.t.Cleanup(cancel)
	cmd := r.command(ctx, "sync")
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			r.t.Errorf("terminated, it ended with %v: %s", err, printed.String())
		}
	})
	for ask(ctx, r.home, request{Do: "status"}, nil) != nil {
		select {
		case <-ctx.Done():
			r.t.Fatalf("it does not answer: %s", printed.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// A regarding that the CRM could never take is a mistake of the command line,
// also where a running Postrider is asked, and changes nothing.
func TestARegardingThatCannotBeIsAMistakeOnTheCommandLine(t *testing.T) {
	r := newRig(t, "none")
	r.dove.Add("INBOX", letter("<1@x>", began, "From: "+contactAddr(0), "To: "+me, "Subject: one"))
	r.sync()
	try := func(about, want string) {
		t.Helper()
		for _, command := range [][]string{{"track", "1@x"}, {"send", "--to", "a@b.example"}} {
			_, errOut, code := r.run(append(command, "--regarding", about)...)
			if code != 2 || !strings.Contains(errOut, want) {
				t.Errorf("%v about %s ended with %d: %s", command, about, code, errOut)
			}
		}
	}
	try("foo:"+accountID, `"foo" is no kind of record`)
	try("email:"+accountID, `"email" is no kind of record`)
	try("account:1234", `"1234" is not the id of a record`)
	if out, _, code := r.run("track", "1@x", "--regarding", "new_project:"+guid(99), "--json"); code != 0 || !strings.Contains(out, "new_project:"+guid(99)) {
		t.Errorf("a table of the organization's own: ended with %d: %s", code, out)
	}
	r.serve()
	try("foo:"+accountID, `"foo" is no kind of record`)
	try("account:1234", `"1234" is not the id of a record`)
}

// A command has no time for Undo: what was untracked with its record is gone
// with the next sync.
func TestUntrackWithDeleteIsDoneWithTheNextSync(t *testing.T) {
	r := newRig(t, "people")
	r.dove.Add("INBOX", letter("<1@x>", began, "From: "+contactAddr(0), "To: "+me, "Subject: one"))
	if s := r.sync(); s.Tracked != 1 {
		t.Fatalf("%+v", s)
	}
	if out, errOut, code := r.run("untrack", "1@x", "--delete"); code != 0 {
		t.Fatalf("ended with %d: %s%s", code, out, errOut)
	}
	if s := r.sync(); s.Requests.CRMWrites == 0 || s.Tracked != 0 {
		t.Errorf("%+v", s)
	}
	if left := r.tracked(); len(left) != 0 {
		t.Errorf("the organization still holds %q", left)
	}
}

package agent

import (
	"fmt"
	"strings"
	"testing"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

// A step that had nothing to write says nothing of the disk on which another
// one failed.
func TestAFullDiskIsToldUntilTheStepThatMetItSucceeds(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("a@x"))
	w.sync()
	w.box.cut = func() error { return fmt.Errorf("keep what was read: %w", offline.ErrFull) }
	r, err := w.agent.SyncOnce(t.Context())
	if err == nil || len(r.Problems) != 1 || r.Problems[0].Code != health.StoreFull.Code || !strings.Contains(r.Problems[0].Text, "keep what was read") {
		t.Fatalf("got %v, problems %+v", err, r.Problems)
	}
	w.box.cut = func() error { return nil }
	if r := w.sync(); len(r.Problems) != 0 {
		t.Errorf("with space again: %+v", r.Problems)
	}
}

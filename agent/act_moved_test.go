package agent

import (
	"maps"
	"testing"

	"postrider/offline"
)

// What the user wrote on an item that is elsewhere now goes along; where both places
// were written to, the later place's holds and the other is kept.
func TestWhatWasWrittenOnAnItemThatMovedGoesAlong(t *testing.T) {
	before := offline.Item{Edits: offline.Fields{"body": "mine", "subject": "old", "due": "2026-12-01", "start": "made of the record"}, Seen: offline.Fields{"body": "b", "subject": "s", "due": ""}}
	now := offline.Item{Edits: offline.Fields{"subject": "new", "due": "2026-12-01"}, Seen: offline.Fields{"subject": "s", "due": ""}}
	clashes := takeEdits(&now, &before)
	if want := (offline.Fields{"body": "mine", "subject": "new", "due": "2026-12-01"}); !maps.Equal(now.Edits, want) || now.Seen["body"] != "b" {
		t.Errorf("written on it is %v, over %v", now.Edits, now.Seen)
	}
	if len(clashes) != 1 || clashes[0].Word != "subject" || clashes[0].Theirs != "old" || clashes[0].Mine != "new" || clashes[0].Winner != offline.SideItem {
		t.Errorf("kept: %+v", clashes)
	}
	if untouched := (offline.Item{}); len(takeEdits(&untouched, &offline.Item{Edits: offline.Fields{"body": "of the record"}})) > 0 || untouched.Edits != nil {
		t.Errorf("what it was made of is taken for what the user wrote: %v", untouched.Edits)
	}
}

package agent

import (
	"testing"
	"time"
)

func TestWhenAnItemChanged(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 11, 27, hour, 0, 0, 0, time.UTC) }
	var never time.Time
	for _, c := range []struct {
		name       string
		known      time.Time
		edited     bool
		was, stamp time.Time
		want       time.Time
	}{
		{"new, and says when", never, false, never, at(8), at(8)},
		{"new, and does not say", never, false, never, never, at(12)},
		{"changed, and says when", at(6), false, at(5), at(8), at(8)},
		{"changed by a program that leaves the stamp alone", at(6), false, at(7), at(7), at(12)},
		{"changed back to an earlier text", at(6), false, at(7), at(5), at(12)},
		{"changed in what is still to come", at(6), false, at(5), at(13), at(12)},
		{"changed there before it was written to here", at(9), true, at(5), at(8), at(9)},
		{"changed there after it was written to here", at(7), true, at(5), at(8), at(8)},
		{"written to here, and changed there nobody knows when", at(9), true, at(5), at(5), at(12)},
	} {
		if got := changedAt(c.known, c.edited, c.was, c.stamp, at(12)); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

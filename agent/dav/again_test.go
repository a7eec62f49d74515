package dav_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// Reading is repeated; writing only where the server has said that it did not do
// it: what became of a write without an answer is for the next look to tell.
func TestAWriteIsSentAgainOnlyWhereItWasNotDone(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		writes int32 // how often it is sent
		reads  int32
		pause  time.Duration // the shortest that is made, 0: none
		class  offline.FaultClass
	}{
		{"no answer", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 1, 3, 0, offline.FaultNetwork},
		{"502", func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }, 1, 3, 0, offline.FaultServer},
		{"503", func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, 1, 3, 0, offline.FaultServer},
		{"503 with a pause", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, 4, 4, 7 * time.Second, offline.FaultServer},
		{"429", func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) }, 4, 4, 500 * time.Millisecond, offline.FaultThrottled},
		{"500", func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, 1, 1, 0, offline.FaultServer},
		{"507", func(w http.ResponseWriter) { w.WriteHeader(http.StatusInsufficientStorage) }, 1, 1, 0, offline.FaultServer},
	} {
		var sent atomic.Int32
		s, _ := scripted(t, func(w http.ResponseWriter, _ *http.Request, _ string) { sent.Add(1); c.answer(w) })
		var pauses []time.Duration
		client := davtest.Fixture{URL: s.URL}.Client(t, func(cfg *dav.Config) {
			cfg.Sleep = func(ctx context.Context, d time.Duration) error { pauses = append(pauses, d); return ctx.Err() }
		})
		it := davtest.Make(offline.KindContact, "1", "One")
		it.Href, it.ETag = "/p/1", `"1"`
		_, err := client.Put(t.Context(), people(s.URL), it)
		if offline.ClassOf(err) != c.class || sent.Load() != c.writes || len(pauses) != int(c.writes)-1 {
			t.Errorf("%s: %v, written %d times, pauses %v", c.name, err, sent.Load(), pauses)
		}
		for _, p := range pauses {
			if p < c.pause {
				t.Errorf("%s: a pause of %v", c.name, p)
			}
		}
		sent.Store(0)
		if err := client.Delete(t.Context(), people(s.URL), it); offline.ClassOf(err) != c.class || sent.Load() != c.writes {
			t.Errorf("%s: %v, deleted %d times", c.name, err, sent.Load())
		}
		sent.Store(0)
		err = client.Pull(t.Context(), people(s.URL), nil, func(offline.ItemDelta) error { return nil })
		if offline.ClassOf(err) != c.class || sent.Load() != c.reads {
			t.Errorf("%s: %v, read %d times", c.name, err, sent.Load())
		}
	}
}

package dav

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// errStalled is the cause when a transfer stood still.
var errStalled = errors.New("the connection stood still")

// watchdog cancels a transfer when nothing moves. A limit for a whole call would
// cut slow lines off in the middle of a large address book.
type watchdog struct {
	mu    sync.Mutex
	timer *time.Timer
}

func watch(d time.Duration, cancel context.CancelCauseFunc) *watchdog {
	return &watchdog{timer: time.AfterFunc(d, func() { cancel(errStalled) })}
}

// moved gives another d.
func (w *watchdog) moved(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Reset(d)
	}
}

func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.timer = nil
}

// watched tells w about every read.
type watched struct {
	r io.Reader
	w *watchdog
	d time.Duration
}

func (r *watched) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.w.moved(r.d)
	return n, err
}

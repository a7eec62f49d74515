package dataverse

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestTheGateLetsThroughItsLimitAndHalvesItWhenThrottled(t *testing.T) {
	g := newGate(4)
	for range 4 {
		if err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a fifth: %v", err)
	}
	in := make(chan error, 1)
	go func() { in <- g.enter(t.Context()) }()
	for waiting := 0; waiting == 0; {
		g.mu.Lock()
		waiting = len(g.waiting)
		g.mu.Unlock()
	}
	now := nowForTests()
	g.throttled(now.Add(5 * time.Second))
	if g.pause(now) != 5*time.Second {
		t.Errorf("pause %v", g.pause(now))
	}
	g.leave()
	g.leave() // two are under way: the limit of now
	select {
	case err := <-in:
		t.Fatalf("a third came in (%v)", err)
	default:
	}
	g.leave()
	if err := <-in; err != nil {
		t.Error(err)
	}
	for range 20 {
		g.answered()
	}
	if g.limit != 4 {
		t.Errorf("after twenty good answers the limit is %d", g.limit)
	}
}

func TestAWaiterThatGivesUpLeavesItsPlaceToTheNext(t *testing.T) {
	g := newGate(1)
	if err := g.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone, in := make(chan error, 1), make(chan error, 1)
	queued := func(n int) {
		for waiting := -1; waiting != n; {
			g.mu.Lock()
			waiting = len(g.waiting)
			g.mu.Unlock()
		}
	}
	go func() { gone <- g.enter(ctx) }()
	queued(1)
	go func() { in <- g.enter(t.Context()) }()
	queued(2)
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	g.leave()
	if err := <-in; err != nil {
		t.Error(err)
	}
}

package view

import (
	"context"
	"sync"
)

// slot runs jobs off the owner's goroutine, one at a time, and keeps only the
// newest of those that wait: for questions whose old answers nobody wants any more.
// All its methods belong to the owner's goroutine.
type slot struct {
	post   Poster
	ctx    context.Context
	wg     *sync.WaitGroup
	busy   bool
	next   job
	cancel context.CancelFunc
	gen    int
}

// job does the work and returns what to do with its result on the owner's
// goroutine, or nil. It should return soon after ctx ends.
type job func(ctx context.Context) (apply func())

// do runs j, or queues it in the place of what waits. The job under way is told to
// stop, and its result is dropped.
func (s *slot) do(j job) {
	s.gen++
	if s.busy {
		s.next = j
		s.cancel()
		return
	}
	s.start(j)
}

// drop forgets what is under way and what waits.
func (s *slot) drop() {
	s.gen++
	s.next = nil
	if s.cancel != nil {
		s.cancel()
	}
}

func (s *slot) start(j job) {
	if s.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.busy, s.cancel = true, cancel
	gen := s.gen
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		apply := j(ctx)
		s.post(func() { s.done(gen, apply) })
	}()
}

func (s *slot) done(gen int, apply func()) {
	s.cancel()
	s.busy, s.cancel = false, nil
	if gen == s.gen && apply != nil && s.ctx.Err() == nil {
		apply()
	}
	if j := s.next; j != nil {
		s.next = nil
		s.start(j)
	}
}

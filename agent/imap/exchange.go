package imap

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"postrider/offline"
)

// exchange is a run of commands that we speak ourselves, beside go-imap: those
// that it has no words for. It does not see their answers. No command of
// go-imap is under way meanwhile.
type exchange struct {
	cont chan struct{} // 1-buffered: the server waits for a literal
	done chan struct{} // closed with the last answer

	mu       sync.Mutex
	open     map[string]int // tag to index
	answers  []answer
	untagged []string // LIST and STATUS responses, without "* ", literals quoted
	size     int      // bytes of untagged
}

// errEnded stands for the end of a connection where nothing else is known.
var errEnded = errors.New("the connection ended")

// begin sends commands, given without tags, in one go.
func (s *session) begin(lines ...string) *exchange {
	x := &exchange{cont: make(chan struct{}, 1), done: make(chan struct{}), open: map[string]int{}, answers: make([]answer, len(lines))}
	var b []byte
	for i, line := range lines {
		s.tag++
		tag := "Z" + strconv.Itoa(s.tag)
		x.open[tag] = i
		b = append(b, tag+" "+line+"\r\n"...)
	}
	s.w.mu.Lock()
	s.w.x = x
	s.w.pending += len(lines)
	s.w.deadline()
	conn := s.w.conn
	s.w.mu.Unlock()
	s.w.count.Add(int64(len(lines)))
	_ = s.w.send(conn, b) // has closed the connection if it failed: end tells
	return x
}

// end waits for the answers. The error is for a connection that ended.
func (s *session) end(x *exchange) error {
	defer func() {
		s.w.mu.Lock()
		s.w.x = nil
		s.w.mu.Unlock()
	}()
	select {
	case <-x.done:
		return nil
	case <-s.c.Closed():
		return errEnded
	}
}

// ask sends commands in one go and waits for all answers.
func (s *session) ask(ctx context.Context, op string, lines ...string) (*exchange, error) {
	defer s.bind(ctx)()
	x := s.begin(lines...)
	return x, s.fault(ctx, op, s.end(x), offline.FaultServer)
}

// refusal is the fault for an answer that is not OK; otherwise is its class
// where no code tells.
func (a *answer) refusal(op string, otherwise offline.FaultClass) error {
	if a.result == "OK" {
		return nil
	}
	return refusal(op, a.result, a.word(), a.text, otherwise)
}

// finished takes a tagged answer; false: it is not one of these commands.
func (x *exchange) finished(tag string, a answer) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	i, ok := x.open[tag]
	if !ok {
		return false
	}
	x.answers[i] = a
	delete(x.open, tag)
	if len(x.open) == 0 {
		close(x.done)
	}
	return true
}

// told takes an untagged response; false: there are too many.
func (x *exchange) told(line string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.size += len(line)
	x.untagged = append(x.untagged, line)
	return x.size <= maxListLine
}

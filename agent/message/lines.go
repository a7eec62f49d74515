package message

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// source reads a message line by line and knows the boundaries of the
// multiparts that are open, the outermost first. A line that is one of them
// ends whatever is being read, until next is called.
type source struct {
	br    *bufio.Reader
	open  []string // boundaries, without --
	stop  int      // index in open of the boundary that was met; -1: none
	final bool     // it was the closing one
	err   error    // end of the input, or why it can't be read
	bol   bool     // at the beginning of a line
	held  string   // a line end that may belong to the next boundary
	rest  []byte   // what was read but not handed out yet
	buf   []byte   // behind rest
}

func newSource(r io.Reader) *source {
	return &source{br: bufio.NewReaderSize(r, 16<<10), stop: -1, bol: true}
}

// broken is why the input could not be read to its end; nil if it could.
func (s *source) broken() error {
	if errors.Is(s.err, io.EOF) {
		return nil
	}
	return s.err
}

// chunk is the next line, or a piece of a long one, with its end. It is valid
// until the next call. nil: a boundary was met, or the input is over.
func (s *source) chunk() []byte {
	if s.err != nil || s.stop >= 0 {
		return nil
	}
	line, err := s.br.ReadSlice('\n')
	switch {
	case err == nil || errors.Is(err, bufio.ErrBufferFull):
	default:
		s.err = err
		if len(line) == 0 {
			return nil
		}
	}
	if s.bol && len(line) > 2 && line[0] == '-' && line[1] == '-' && s.boundary(line) {
		return nil
	}
	s.bol = line[len(line)-1] == '\n'
	return line
}

// boundary reports whether line is a boundary of an open multipart, the
// innermost first, and notes which one.
func (s *source) boundary(line []byte) bool {
	line = bytes.TrimRight(line, " \t\r\n")
	for i := len(s.open) - 1; i >= 0; i-- {
		b := s.open[i]
		if len(line) < 2+len(b) || string(line[2:2+len(b)]) != b {
			continue
		}
		switch string(line[2+len(b):]) {
		case "":
			s.stop, s.final = i, false
		case "--":
			s.stop, s.final = i, true
		default:
			continue
		}
		s.bol = true
		s.held = ""
		return true
	}
	return false
}

// next goes on behind the boundary that was met.
func (s *source) next() { s.stop, s.final, s.held, s.rest = -1, false, "", nil }

// header reads a part's header, up to the empty line, at most max bytes of it.
// cut reports that there was more.
func (s *source) header(max int) (head string, cut bool) {
	var b strings.Builder
	for {
		fresh := s.bol
		line := s.chunk()
		if line == nil || fresh && len(bytes.TrimRight(line, "\r\n")) == 0 {
			return b.String(), cut
		}
		if b.Len()+len(line) > max {
			cut = true
			continue
		}
		b.Write(line)
	}
}

// Read reads the content of the part at hand, up to the next boundary, without
// the line end that belongs to that.
func (s *source) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		line := s.chunk()
		if line == nil {
			if s.stop < 0 && s.held != "" { // the input ended without a boundary
				s.rest, s.held = []byte(s.held), ""
				break
			}
			return 0, io.EOF
		}
		s.buf = append(append(s.buf[:0], s.held...), line...)
		body := bytes.TrimSuffix(s.buf, []byte("\n"))
		if len(body) < len(s.buf) {
			body = bytes.TrimSuffix(body, []byte("\r"))
		}
		s.held = ""
		switch len(s.buf) - len(body) {
		case 1:
			s.held = "\n"
		case 2:
			s.held = "\r\n"
		}
		s.rest = body
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// skip passes over the rest of the part at hand.
func (s *source) skip() {
	s.rest = nil
	for s.chunk() != nil {
	}
}

package dataverse

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"postrider/offline"
)

// payload is a request body of known length put together from pieces, so that
// an attachment travels as base64 without a copy of it in memory.
type payload struct {
	pieces []piece
	size   int64
}

// piece is text to send as it is, or an attachment to send in base64.
type piece struct {
	text []byte
	file *offline.Attachment
}

func (p *payload) text(b []byte) {
	p.pieces = append(p.pieces, piece{text: b})
	p.size += int64(len(b))
}

func (p *payload) base64(a *offline.Attachment) {
	p.pieces = append(p.pieces, piece{file: a})
	p.size += (a.Len() + 2) / 3 * 4
}

func (p *payload) add(q *payload) {
	p.pieces = append(p.pieces, q.pieces...)
	p.size += q.size
}

// reader reads the whole from its beginning; each call gives a new one, which
// has to be closed.
func (p *payload) reader() io.ReadCloser { return &payloadReader{left: p.pieces} }

type payloadReader struct {
	left []piece
	now  io.Reader
	file io.Closer // of now, if it is an attachment
}

func (r *payloadReader) Read(b []byte) (int, error) {
	for {
		if r.now == nil {
			if len(r.left) == 0 {
				return 0, io.EOF
			}
			if err := r.next(); err != nil {
				return 0, err
			}
		}
		n, err := r.now.Read(b)
		if err == io.EOF {
			if err = r.Close(); err == nil && n == 0 {
				continue
			}
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (r *payloadReader) next() error {
	p := r.left[0]
	r.left = r.left[1:]
	if p.file == nil {
		r.now = bytes.NewReader(p.text)
		return nil
	}
	in, err := p.file.Reader()
	if err != nil {
		return unreadable(p.file, err)
	}
	r.now, r.file = &encoder{file: p.file, in: in, left: p.file.Len()}, in
	return nil
}

// Close lets go of the attachment that is being read.
func (r *payloadReader) Close() error {
	r.now = nil
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// errUnreadable is in the chain of what unreadable makes.
var errUnreadable = errors.New("the attachment can't be read")

// unreadable is what keeps the whole request from being made: the attachment's
// own fault, so that the others of the request are tried without it.
func unreadable(a *offline.Attachment, err error) error {
	return &offline.Fault{Class: offline.FaultRejected, Op: "read the attachment " + fileName(a.Name), Err: fmt.Errorf("%w: %w", errUnreadable, err)}
}

// encoder reads an attachment in base64: as many bytes as were announced, or an
// error.
type encoder struct {
	file *offline.Attachment
	in   io.Reader
	left int64
	rest []byte
	raw  [3 << 10]byte // a multiple of 3: no padding in the middle
	buf  [4 << 10]byte
}

func (e *encoder) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.left == 0 {
			return 0, io.EOF
		}
		n, err := io.ReadFull(e.in, e.raw[:min(e.left, int64(len(e.raw)))])
		if err != nil {
			if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
				err = errors.New("it is shorter than it was")
			}
			return 0, unreadable(e.file, err)
		}
		base64.StdEncoding.Encode(e.buf[:], e.raw[:n])
		e.rest = e.buf[:base64.StdEncoding.EncodedLen(n)]
		e.left -= int64(n)
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

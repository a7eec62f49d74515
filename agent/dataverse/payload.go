package dataverse

import (
	"bytes"
	"encoding/base64"
	"io"
)

// payload is a request body of known length put together from pieces, so that
// an attachment travels as base64 without a second copy of it in memory.
type payload struct {
	pieces []piece
	size   int64
}

// piece is text to send as it is, or data to send in base64.
type piece struct {
	text []byte
	data []byte
}

func (p *payload) text(b []byte) {
	p.pieces = append(p.pieces, piece{text: b})
	p.size += int64(len(b))
}

func (p *payload) base64(b []byte) {
	p.pieces = append(p.pieces, piece{data: b})
	p.size += int64(base64.StdEncoding.EncodedLen(len(b)))
}

func (p *payload) add(q *payload) {
	p.pieces = append(p.pieces, q.pieces...)
	p.size += q.size
}

// reader reads the whole from its beginning; each call gives a new one.
func (p *payload) reader() io.Reader {
	rs := make([]io.Reader, len(p.pieces))
	for i, pc := range p.pieces {
		if pc.data != nil {
			rs[i] = &encoder{data: pc.data}
		} else {
			rs[i] = bytes.NewReader(pc.text)
		}
	}
	return io.MultiReader(rs...)
}

// encoder reads data in base64.
type encoder struct {
	data []byte
	rest []byte
	buf  [4 << 10]byte
}

func (e *encoder) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if len(e.data) == 0 {
			return 0, io.EOF
		}
		n := min(len(e.data), 3<<10) // a multiple of 3: no padding in the middle
		base64.StdEncoding.Encode(e.buf[:], e.data[:n])
		e.rest = e.buf[:base64.StdEncoding.EncodedLen(n)]
		e.data = e.data[n:]
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

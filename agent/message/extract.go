package message

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"postrider/offline"
)

// Extract writes the content of the n-th attachment (from 0, in the order of
// Content.Attachments) to out: at most size bytes, which is what Read said it
// has. lim must be what Read was called with. The message is read no further
// than needed, and nothing of it is kept.
func Extract(out io.Writer, r io.Reader, n int, size int64, lim Limits) error {
	var found bool
	var failed error
	lim.NamesOnly = false
	lim.Each = func(i int, _ offline.Attachment, in io.Reader) error {
		if i != n {
			return nil
		}
		found = true
		_, failed = io.CopyN(out, in, size)
		return errEnough
	}
	_, err := Read(r, lim)
	switch {
	case failed != nil:
		return fmt.Errorf("read attachment %d of a message: %w", n, failed)
	case !found && err != nil:
		return fmt.Errorf("read attachment %d of a message: %w", n, err)
	case !found:
		return fmt.Errorf("read attachment %d of a message: it is not there", n)
	}
	return nil
}

// errEnough ends the reading of a message.
var errEnough = errors.New("enough")

// large takes an attachment and keeps it only if it is not large.
func (w *walker) large(p *part, a *offline.Attachment) {
	r, known := decoded(p.head("content-transfer-encoding"), w.src)
	if !known {
		w.note("%s: the transfer encoding %q is not known; it is kept as it was sent", a.Name, short(p.head("content-transfer-encoding")))
	}
	most := w.lim.Attachments - w.left
	head, _ := io.ReadAll(io.LimitReader(r, min(w.lim.InMemory, most)+1))
	if int64(len(head)) <= min(w.lim.InMemory, most) {
		a.Data = head
		w.left += int64(len(head))
		w.src.skip()
		return
	}
	rest, _ := io.Copy(io.Discard, r) // the source keeps its error
	w.src.skip()
	a.Size = min(int64(len(head))+rest, most)
	if int64(len(head))+rest > most {
		w.note("%s: cut after %d bytes", a.Name, most)
	}
	if a.Size <= w.lim.InMemory { // cut so short that it need not be read again
		a.Data, a.Size = bytes.Clone(head[:a.Size]), 0
	}
	w.left += int64(len(a.Data)) + a.Size
}

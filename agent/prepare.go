package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"postrider/agent/message"
	"postrider/agent/track"
	"postrider/offline"
)

// fetchForCreates brings the messages that creates need, and that are not here,
// into the store.
func (a *Agent) fetchForCreates(ctx context.Context, batch []offline.Change) (failed map[uint64]error, err error) {
	var keys []uint64
	for _, c := range batch {
		if c.Op == offline.OpCreateEmail {
			keys = append(keys, c.Item)
		}
	}
	return a.FetchBodies(ctx, keys)
}

// errGone says that a message lies in no folder that is read.
var errGone = errors.New("the message is no longer in the mailbox, so its text can't be fetched; put it back into a folder that Postrider reads and choose Retry")

// FetchBodies brings whole messages into the store, asking each folder once.
// failed are those that can't be fetched, and why.
func (a *Agent) FetchBodies(ctx context.Context, keys []uint64) (failed map[uint64]error, err error) {
	failed = map[uint64]error{}
	folders := map[offline.FolderID]offline.Folder{}
	wanted := map[offline.FolderID]map[uint32]uint64{}
	err = a.Store.View(func(tx *offline.Tx) error {
		for _, key := range keys {
			m, err := tx.Message(key)
			if errors.Is(err, offline.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if m.Body.Stored || len(m.Places) == 0 {
				continue
			}
			p := m.Places[0]
			if _, ok := folders[p.Folder]; !ok {
				if folders[p.Folder], err = tx.Folder(p.Folder); err != nil {
					return err
				}
				wanted[p.Folder] = map[uint32]uint64{}
			}
			wanted[p.Folder][p.UID] = key
		}
		return nil
	})
	if err != nil || len(wanted) == 0 {
		return failed, err
	}
	a.reader.Lock()
	defer a.reader.Unlock()
	for id, uids := range wanted {
		list := make([]uint32, 0, len(uids))
		for uid := range uids {
			list = append(list, uid)
		}
		kept := keptBodies{a: a, here: map[uint64]offline.BodyInfo{}}
		err := a.Reader.Bodies(ctx, folders[id], list, func(uid uint32, r io.Reader, err error) error {
			if err != nil {
				a.Log.Warn("a message could not be fetched", "folder", id, "uid", uid, "err", err)
				failed[uids[uid]] = fmt.Errorf("the message can't be fetched: %w", err)
				return nil
			}
			return kept.put(uids[uid], r)
		})
		if err = errors.Join(err, kept.note()); err != nil {
			return failed, fmt.Errorf("fetch messages of %s: %w", folders[id].Name, err)
		}
	}
	return failed, nil
}

// keptBodies stores whole messages, and notes of many at once that they are
// there: a commit for each would take longer than fetching it. What a crash
// leaves unnoted is fetched again.
type keptBodies struct {
	a     *Agent
	here  map[uint64]offline.BodyInfo // stored, not noted
	since time.Time                   // when the first of these was stored
}

const (
	noteAfter = 200 * time.Millisecond // at most so long nobody hears of a body
	noteMost  = 200                    // bodies
)

func (k *keptBodies) put(key uint64, r io.Reader) error {
	in := &sourceReader{r: r}
	if _, err := k.a.Store.PutBody(key, in); err != nil {
		if in.err != nil {
			// The mailbox broke off, not the store: nothing was kept, and the
			// adapter tells of it by itself.
			return nil
		}
		return err
	}
	c, err := k.a.readWithin(key, message.Limits{NamesOnly: true})
	if err != nil {
		return err
	}
	if len(k.here) == 0 {
		k.since = k.a.Now()
	}
	k.here[key] = offline.BodyInfo{Stored: true, Attachments: len(c.Attachments), Snippet: c.Snippet}
	if len(k.here) < noteMost && k.a.Now().Sub(k.since) < noteAfter {
		return nil
	}
	return k.note()
}

func (k *keptBodies) note() error {
	if len(k.here) == 0 {
		return nil
	}
	err := k.a.Store.Update(func(tx *offline.Tx) error {
		for key, info := range k.here {
			m, err := tx.Message(key)
			if errors.Is(err, offline.ErrNotFound) {
				continue // deleted meanwhile
			}
			if err != nil {
				return err
			}
			m.Body = info
			if err := tx.PutMessage(&m); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		clear(k.here)
	}
	return err
}

// sourceReader remembers how reading ended, so that a fault of the mailbox can
// be told from one of the store.
type sourceReader struct {
	r   io.Reader
	err error
}

func (s *sourceReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// inMemory is how large an attachment may be to be held while it waits to be
// written. Larger ones are read from the store as they go.
const inMemory = 256 << 10

// readOutgoing parses the stored message for the CRM. Its large attachments are
// opened when they are sent.
func (a *Agent) readOutgoing(key uint64) (message.Content, error) {
	lim := message.Limits{InMemory: inMemory}
	c, err := a.readWithin(key, lim)
	for i := range c.Attachments {
		if at := &c.Attachments[i]; at.Size > 0 {
			at.Open = func() (io.ReadCloser, error) { return a.openAttachment(key, i, at.Size, lim) }
		}
	}
	return c, err
}

// openAttachment reads one attachment of a stored message. The goroutine ends
// with the attachment, or when the reader is closed before.
func (a *Agent) openAttachment(key uint64, i int, size int64, lim message.Limits) (io.ReadCloser, error) {
	body, err := a.Store.Body(key)
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	go func() {
		err := message.Extract(w, body, i, size, lim)
		_ = body.Close()
		_ = w.CloseWithError(err)
	}()
	return r, nil
}

// read parses the stored message, whole.
func (a *Agent) read(key uint64) (message.Content, error) { return a.readWithin(key, message.Limits{}) }

func (a *Agent) readWithin(key uint64, lim message.Limits) (message.Content, error) {
	r, err := a.Store.Body(key)
	if err != nil {
		return message.Content{}, err
	}
	defer r.Close()
	return message.Read(r, lim)
}

// FetchBody brings the whole message into the store, so that it can be shown.
func (a *Agent) FetchBody(ctx context.Context, key uint64) error {
	failed, err := a.FetchBodies(ctx, []uint64{key})
	if err != nil {
		return err
	}
	if failed[key] != nil {
		return failed[key]
	}
	return a.Store.View(func(tx *offline.Tx) error {
		m, err := tx.Message(key)
		if err == nil && !m.Body.Stored {
			err = errGone
		}
		return err
	})
}

// prepare makes the first changes of a batch ready to be written, as many as fit;
// it returns how many of the batch it dealt with. One whose message can't be
// had is parked and left out.
func (a *Agent) prepare(batch []offline.Change, failed map[uint64]error) (writes []offline.Write, n int, err error) {
	size := 0
	for _, c := range batch {
		if size >= pushBytes {
			break
		}
		n++
		if c.Op != offline.OpCreateEmail {
			writes = append(writes, offline.Write{Change: c})
			continue
		}
		e, err := a.outgoing(c)
		if err == errGone && failed[c.Item] != nil {
			err = failed[c.Item]
		}
		if err != nil {
			a.Log.Warn("a message could not be prepared", "item", c.Item, "err", err)
			if err := a.Store.Update(func(tx *offline.Tx) error { return a.park(tx, c.ID, err.Error()) }); err != nil {
				return nil, n, err
			}
			continue
		}
		size += len(e.HTML)
		for _, at := range e.Attachments {
			size += len(at.Data)
		}
		writes = append(writes, offline.Write{Change: c, Email: e})
	}
	return writes, n, nil
}

// outgoing makes the email record of a message.
func (a *Agent) outgoing(c offline.Change) (*offline.OutgoingEmail, error) {
	var m offline.Message
	var parties []offline.Party
	err := a.Store.View(func(tx *offline.Tx) (err error) {
		if m, err = tx.Message(c.Item); err != nil {
			return err
		}
		how, err := a.resolution(tx)
		if err != nil {
			return err
		}
		parties, err = track.Parties(&m, how)
		return err
	})
	if err != nil {
		return nil, err
	}
	content, err := a.readOutgoing(m.Key)
	if errors.Is(err, offline.ErrNotFound) {
		return nil, errGone
	}
	if err != nil {
		return nil, fmt.Errorf("read the message: %w", err)
	}
	html := message.SafeHTML(content.HTML)
	if content.HTML == "" {
		html = message.PlainToHTML(content.Text)
	}
	return &offline.OutgoingEmail{
		Ref: c.Record, Identity: m.Identity, Subject: m.Subject, Token: a.trackSettings().Tokens.Find(m.Subject), HTML: html,
		Outgoing: m.Outgoing, When: m.Date, Parties: parties,
		Regarding: c.Regarding, Correlated: c.Correlated,
		Attachments: content.Attachments, Notes: content.Notes,
	}, nil
}

package agent

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postrider/agent/compose"
	"postrider/agent/message"
	"postrider/agent/track"
	"postrider/offline"
)

// maxSubject is how long the CRM's subject is, token included (R-TOKEN-13).
const maxSubject = 255

// mailOf is the message that a draft becomes. Its files are opened only when it
// is written.
func (a *Agent) mailOf(d offline.Draft) (compose.Mail, error) {
	m := compose.Mail{
		From: d.From, To: d.To, Cc: d.Cc, Bcc: d.Bcc,
		Subject: track.WithToken(d.Subject, d.Token, maxSubject), Identity: d.Identity, Date: d.Queued.Local(),
		InReplyTo: d.InReplyTo, References: d.References, Text: d.Text, HTML: compose.Clean(d.HTML),
	}
	if m.Text == "" && m.HTML != "" {
		m.Text = message.HTMLToText(m.HTML)
	}
	var err error
	if m.ThreadIndex, err = compose.ChildThreadIndex(d.ThreadIndex, d.Queued, a.random()); err != nil {
		return m, err
	}
	for _, f := range d.Files {
		m.Files = append(m.Files, a.fileOf(f))
	}
	return m, nil
}

// random is where identities come from.
func (a *Agent) random() io.Reader {
	if a.Random != nil {
		return a.Random
	}
	return rand.Reader
}

func (a *Agent) fileOf(f offline.DraftFile) compose.File {
	media := f.Type
	if media == "" {
		media = mime.TypeByExtension(filepath.Ext(f.Name))
	}
	return compose.File{Name: f.Name, Type: media, Size: f.Size, Open: func() (io.ReadCloser, error) {
		if f.From != 0 {
			return a.openPart(f.From, f.Part)
		}
		return os.Open(f.Path)
	}}
}

// errEnough ends the reading of a message after the part that was wanted.
var errEnough = errors.New("the part was read")

// openPart streams an attachment of a message that is in the store.
func (a *Agent) openPart(key uint64, part int) (io.ReadCloser, error) {
	body, err := a.Store.Body(key)
	if err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	p := &partReader{PipeReader: out, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer body.Close()
		found := false
		_, err := message.Read(body, message.Limits{Each: func(n int, _ offline.Attachment, r io.Reader) error {
			if n != part {
				return nil
			}
			found = true
			if _, err := io.Copy(in, r); err != nil {
				return err
			}
			return errEnough
		}})
		if errors.Is(err, errEnough) {
			err = nil
		} else if err == nil && !found {
			err = errors.New("the message has no such attachment any more")
		}
		in.CloseWithError(err)
	}()
	return p, nil
}

// partReader waits on Close for the goroutine that reads the message.
type partReader struct {
	*io.PipeReader
	done chan struct{}
}

func (p *partReader) Close() error {
	err := p.PipeReader.Close()
	<-p.done
	return err
}

// reserve gives a draft its identity, and a message row whose body is to be
// what goes out. Until the draft is in the outbox the row shows nowhere: it lies
// in no folder, and no rule looks at it.
func (a *Agent) reserve(tx *offline.Tx, d *offline.Draft) error {
	if d.Identity == "" {
		domain := d.From.Addr[strings.LastIndexByte(d.From.Addr, '@')+1:]
		id, err := compose.NewIdentity(domain, a.random())
		if err != nil {
			return err
		}
		d.Identity = id
	}
	if d.Item != 0 {
		if m, err := tx.Message(d.Item); err == nil && m.Identity == d.Identity {
			return nil
		}
		if err := a.dropItem(tx, d); err != nil {
			return err
		}
	}
	m := offline.Message{
		Identity: d.Identity, Date: d.Queued, Received: d.Queued, Outgoing: true,
		Track: offline.Tracking{State: offline.Untracked, Since: d.Queued, Cause: offline.CauseSent, Declined: true},
	}
	if err := tx.PutMessage(&m); err != nil {
		return err
	}
	d.Item = m.Key
	return nil
}

// build writes the message into the body of its row, a buffer at a time, and
// returns the row as it will be.
func (a *Agent) build(d offline.Draft, m compose.Mail) (offline.Message, error) {
	out, in := io.Pipe()
	var head headKeeper
	done := make(chan error, 1)
	go func() {
		err := compose.Write(io.MultiWriter(&head, in), m)
		in.CloseWithError(err)
		done <- err
	}()
	size, err := a.Store.PutBody(d.Item, bufio.NewReaderSize(out, 64<<10))
	out.CloseWithError(err) // where the disk broke off, the writer must not wait for a reader
	if werr := <-done; werr != nil && (err == nil || !errors.Is(err, offline.ErrFull)) {
		return offline.Message{}, werr
	}
	if err != nil {
		return offline.Message{}, err
	}
	row := message.Header(head.b.Bytes(), d.Queued)
	row.Key, row.Size, row.Outgoing, row.Bcc = d.Item, size, true, d.Bcc
	row.Body = offline.BodyInfo{Stored: true, Attachments: len(m.Files), Snippet: snippet(m.Text)}
	return row, nil
}

// headKeeper keeps the header of what is written.
type headKeeper struct {
	b    bytes.Buffer
	over bool
}

func (h *headKeeper) Write(p []byte) (int, error) {
	if !h.over {
		h.b.Write(p)
		if i := bytes.Index(h.b.Bytes(), []byte("\r\n\r\n")); i >= 0 {
			h.b.Truncate(i + 4)
			h.over = true
		}
	}
	return len(p), nil
}

// snippet is the first words of a text for the list.
func snippet(text string) string {
	var words []string
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, ">") {
			continue
		}
		for _, w := range strings.Fields(line) {
			if n += len([]rune(w)) + 1; n > 160 {
				return strings.Join(words, " ")
			}
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

// envelope is who the message goes to: everybody once.
func envelope(d offline.Draft, size int64) (offline.Envelope, error) {
	e := offline.Envelope{Size: size}
	var err error
	if e.From, err = compose.Wire(d.From.Addr); err != nil {
		return e, err
	}
	for _, a := range slices.Concat(d.To, d.Cc, d.Bcc) {
		to, err := compose.Wire(a.Addr)
		if err != nil {
			return e, err
		}
		if !slices.ContainsFunc(e.To, func(x string) bool { return strings.EqualFold(x, to) }) {
			e.To = append(e.To, to)
		}
	}
	return e, nil
}

// tokenWait is how long Send waits for the CRM's own token. A token made here
// serves as well; the CRM's is only surer not to be another one's.
const tokenWait = 2 * time.Second

// settingCounter counts the tokens made here, an int.
const settingCounter = "token-counter"

// askToken asks the CRM for a token where it answers quickly; "" otherwise.
func (a *Agent) askToken(subject string) string {
	o := a.me().Options
	if a.Tokens == nil || len(o.TokenPrefixes) == 0 || a.Status().Phase == Offline {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), tokenWait)
	defer cancel()
	token, err := a.Tokens.Token(ctx, subject)
	if err != nil {
		a.Log.Debug("the CRM gave no token; one is made here", "err", err)
		return ""
	}
	return token
}

// makeToken makes a token here (R-TOKEN-06: the digit for offline), "" where the
// organization has tokens off.
func (a *Agent) makeToken(tx *offline.Tx) (string, error) {
	o := a.me().Options
	if len(o.TokenPrefixes) == 0 {
		return "", nil
	}
	var n int
	known, err := tx.Setting(settingCounter, &n)
	if err != nil {
		return "", err
	}
	if !known { // another computer of the user counts, too: begin somewhere else
		b := make([]byte, 2)
		if _, err := io.ReadFull(a.random(), b); err != nil {
			return "", err
		}
		n = int(binary.BigEndian.Uint16(b))
	}
	n++
	if err := tx.PutSetting(settingCounter, n); err != nil {
		return "", err
	}
	return track.MakeToken(o, n, false), nil
}

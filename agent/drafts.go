package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"postrider/agent/compose"
	"postrider/agent/message"
	"postrider/agent/track"
	"postrider/offline"
)

// DraftKind is what a draft begins as.
type DraftKind string

// The kinds of draft.
const (
	DraftNew      DraftKind = "new"
	DraftReply    DraftKind = "reply"
	DraftReplyAll DraftKind = "reply-all"
	DraftForward  DraftKind = "forward"
)

// settingSignature is the user's signature, a string.
const settingSignature = "signature"

// Signature is what stands under the messages that the user writes.
func (a *Agent) Signature() (s string, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { _, err := tx.Setting(settingSignature, &s); return err })
	return s, err
}

// SetSignature chooses what stands under new messages; "": nothing.
func (a *Agent) SetSignature(s string) error {
	return a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingSignature, s) })
}

// NewDraft begins a message: a new one, or an answer to or a forward of the
// message key. about is what it is about; zero: what the answered message is
// about. It is not stored yet. An answer can be begun where the answered text is
// neither here nor to be had; it quotes nothing then. A forward can't.
func (a *Agent) NewDraft(ctx context.Context, kind DraftKind, key uint64, about offline.Ref) (offline.Draft, error) {
	d := offline.Draft{}
	var answered offline.Message
	if kind != DraftNew {
		o, err := a.original(ctx, key, kind == DraftForward)
		if err != nil {
			return d, err
		}
		answered = o.Message
		o.Subject = a.withoutToken(o.Subject)
		if kind == DraftForward {
			d = compose.Forward(o)
		} else {
			d = compose.Reply(o, a.ownAddress, kind == DraftReplyAll)
		}
	}
	d.State = offline.DraftEditing
	d.From = a.writesAs(answered)
	tracked := answered.Track.State == offline.Tracked || answered.Track.State == offline.Waiting
	if d.Regarding = about; about.IsZero() && tracked {
		d.Regarding = answered.Track.Regarding
	}
	// What the sent mail's filter would take is to be tracked unless the user
	// says otherwise, so that the box in the composer tells what will be.
	s := a.trackSettings()
	d.Track = !about.IsZero() || tracked || s.Sent && (s.Filter == track.All || s.Filter == track.Records)
	signature, err := a.Signature()
	d.Text = compose.Sign(d.Text, signature)
	return d, err
}

// withoutToken takes the tracking token off a subject: what is written now gets
// one of its own.
func (a *Agent) withoutToken(subject string) string {
	tokens := a.trackSettings().Tokens
	for token := tokens.Find(subject); token != ""; token = tokens.Find(subject) {
		i := strings.LastIndex(strings.ToLower(subject), strings.ToLower(token))
		if i < 0 || i+len(token) > len(subject) {
			break
		}
		subject = strings.TrimRight(subject[:i], " ") + subject[i+len(token):]
	}
	return strings.TrimSpace(subject)
}

// ownAddress reports whether a folded address is the user's.
func (a *Agent) ownAddress(addr string) bool {
	return slices.Contains(a.Settings.Own, addr) || addr != "" && offline.Fold(a.me().Address) == addr
}

// writesAs is the user's address for an answer: the one that the message came
// to, or else the first one (R-TRACK-10).
func (a *Agent) writesAs(answered offline.Message) offline.Address {
	me := a.me()
	for _, list := range [][]offline.Address{answered.To, answered.Cc, answered.From} {
		for _, to := range list {
			if a.ownAddress(offline.Fold(to.Addr)) {
				return offline.Address{Name: me.Name, Addr: to.Addr}
			}
		}
	}
	if len(a.Settings.Own) > 0 {
		return offline.Address{Name: me.Name, Addr: a.Settings.Own[0]}
	}
	return offline.Address{Name: me.Name, Addr: me.Address}
}

// original reads what is answered or forwarded, without the bytes of its
// attachments.
func (a *Agent) original(ctx context.Context, key uint64, must bool) (o compose.Original, err error) {
	err = a.Store.View(func(tx *offline.Tx) (err error) { o.Message, err = tx.Message(key); return err })
	if err != nil {
		return o, err
	}
	if err := a.FetchBody(ctx, key); err != nil {
		if must {
			return o, fmt.Errorf("read the message to be forwarded: %w", err)
		}
		a.Log.Debug("the answered message can't be had; nothing is quoted", "key", key, "err", err)
		return o, nil
	}
	r, err := a.Store.Body(key)
	if err != nil {
		return o, err
	}
	defer r.Close()
	c, err := message.Read(r, message.Limits{Each: func(_ int, file offline.Attachment, r io.Reader) error {
		n, err := io.Copy(io.Discard, r)
		o.Files, o.Sizes = append(o.Files, file), append(o.Sizes, n)
		return err
	}})
	o.Text, o.Date = c.Text, o.Date.Local()
	return o, err
}

// errNotEditing is what saving a draft says that has left the composer.
var errNotEditing = errors.New("it is in the outbox; take it back from there to change it")

// SaveDraft keeps what the user wrote; with ID 0 it is a new one and gets its
// number. It is on disk when SaveDraft returns.
func (a *Agent) SaveDraft(d *offline.Draft) error {
	return a.Store.Update(func(tx *offline.Tx) error { return a.saveDraft(tx, d) })
}

func (a *Agent) saveDraft(tx *offline.Tx, d *offline.Draft) error {
	if d.ID != 0 {
		old, err := tx.Draft(d.ID)
		if err != nil {
			return fmt.Errorf("save the draft: %w", err)
		}
		if old.State != offline.DraftEditing {
			return fmt.Errorf("save the draft: %w", errNotEditing)
		}
		// What the agent keeps in it is not the composer's to change.
		d.Identity, d.Token, d.Item, d.Record = old.Identity, old.Token, old.Item, old.Record
	} else {
		d.Identity, d.Token, d.Item, d.Record = "", "", 0, offline.Ref{}
	}
	d.State, d.Saved = offline.DraftEditing, a.Now().UTC()
	return tx.PutDraft(d)
}

// DiscardDraft forgets a message that has not gone: one that is being written,
// waits, or failed. For mail written in the CRM the CRM is told that it was not
// sent.
func (a *Agent) DiscardDraft(id uint64) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if err != nil {
			return err
		}
		switch d.State {
		case offline.DraftSending, offline.DraftSent:
			return errGoing(d)
		}
		if err := a.dropItem(tx, &d); err != nil {
			return err
		}
		if !d.Record.IsZero() && (d.State != offline.DraftFailed || d.Doubt) { // of others that failed it was told then
			if err := a.markFailed(tx, &d, "The user took it out of the outbox."); err != nil {
				return err
			}
		}
		return tx.DropDraft(id)
	})
	if err != nil {
		return fmt.Errorf("discard the draft: %w", err)
	}
	a.clearDraft(id)
	a.recount()
	trigger(a.wakePush)
	return nil
}

// dropItem forgets the message that was made of a draft, and its body.
func (a *Agent) dropItem(tx *offline.Tx, d *offline.Draft) error {
	if d.Item == 0 {
		return nil
	}
	if err := dropChanges(tx, d.Item); err != nil {
		return err
	}
	err := ignoreMissing(tx.DeleteMessage(d.Item))
	d.Item = 0
	return err
}

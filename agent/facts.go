package agent

import (
	"slices"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

// facts gathers from the store what a decision needs.
func facts(tx *offline.Tx, m *offline.Message, s track.Settings) (f track.Facts, err error) {
	if f.Existing, err = tx.EmailByIdentity(m.Identity); err != nil {
		return f, err
	}
	for _, id := range m.InReplyTo {
		if p, ok, err := parent(tx, id); err != nil {
			return f, err
		} else if ok {
			f.Replied = append(f.Replied, p)
		}
	}
	for i := len(m.References) - 1; i >= 0; i-- {
		if p, ok, err := parent(tx, m.References[i]); err != nil {
			return f, err
		} else if ok {
			f.Referenced = append(f.Referenced, p)
		}
	}
	if token := s.Tokens.Find(m.Subject); token != "" {
		if f.ByToken, err = byToken(tx, m, token, s); err != nil {
			return f, err
		}
	}
	if root := track.ThreadRoot(m.ThreadIndex); root != "" && !s.NoHeaders {
		if f.ByThread, err = byThread(tx, m, root); err != nil {
			return f, err
		}
	}
	if s.Smart.On && s.Past != nil {
		if err := fill(tx, s.Past, s.Smart); err != nil {
			return f, err
		}
		f.BySubject = slices.DeleteFunc(s.Past.Find(s.Smart.Print(m.Subject, track.Participants(m)), m.Date), func(p track.Parent) bool {
			return p.Record == m.Track.Record
		})
	}
	for _, from := range track.From(m) {
		if f.Sender, err = tx.RecordsByAddress(from.Addr); err != nil {
			return f, err
		}
	}
	return f, nil
}

// parents collects emails, each once, but for the message that is decided.
type parents struct {
	of   *offline.Message
	list []track.Parent
}

func (ps *parents) add(p track.Parent) {
	if p.Record == ps.of.Track.Record || slices.ContainsFunc(ps.list, func(o track.Parent) bool { return o.Record == p.Record }) {
		return
	}
	ps.list = append(ps.list, p)
}

// messages adds those of keys that are tracked or on their way and that is true
// of.
func (ps *parents) messages(tx *offline.Tx, keys []uint64, is func(*offline.Message) bool) error {
	for _, key := range keys {
		if key == ps.of.Key {
			continue
		}
		m, err := tx.Message(key)
		if err != nil {
			return err
		}
		if p, ok := parentOf(&m); ok && is(&m) {
			ps.add(p)
		}
	}
	return nil
}

func byToken(tx *offline.Tx, m *offline.Message, token string, s track.Settings) ([]track.Parent, error) {
	ps := parents{of: m}
	rs, err := tx.EmailByToken(token)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		if r.Email != nil && r.Email.Identity != m.Identity {
			ps.add(recordParent(r))
		}
	}
	err = ps.messages(tx, tx.KeysByToken(token), func(o *offline.Message) bool { return s.Tokens.Find(o.Subject) == token })
	return ps.list, err
}

func byThread(tx *offline.Tx, m *offline.Message, root string) ([]track.Parent, error) {
	ps := parents{of: m}
	if err := ps.messages(tx, tx.KeysByThread(root), func(*offline.Message) bool { return true }); err != nil {
		return nil, err
	}
	rs, err := tx.EmailByThread(root)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		if r.Email.Identity != m.Identity {
			ps.add(recordParent(r))
		}
	}
	return ps.list, nil
}

// parent finds the email that a Message-ID names: a message here that is
// tracked or on its way, or else any email record of the CRM.
func parent(tx *offline.Tx, identity string) (track.Parent, bool, error) {
	if key, ok := tx.KeyByIdentity(identity); ok {
		m, err := tx.Message(key)
		if err != nil {
			return track.Parent{}, false, err
		}
		if p, ok := parentOf(&m); ok {
			return p, true, nil
		}
	}
	rs, err := tx.EmailByIdentity(identity)
	if err != nil || len(rs) == 0 {
		return track.Parent{}, false, err
	}
	best := rs[0]
	for _, r := range rs[1:] {
		if r.Created.Before(best.Created) || r.Created.Equal(best.Created) && r.ID < best.ID {
			best = r
		}
	}
	return recordParent(best), true, nil
}

// parentOf is a message that is tracked or on its way as what others answer.
func parentOf(m *offline.Message) (track.Parent, bool) {
	t := m.Track
	if t.Record.IsZero() || t.State != offline.Tracked && t.State != offline.Waiting {
		return track.Parent{}, false
	}
	return track.Parent{Record: t.Record, Regarding: t.Regarding, Name: m.Subject, Date: m.Date}, true
}

// recordParent is an email of the CRM as what messages answer.
func recordParent(r offline.Record) track.Parent {
	p := track.Parent{Record: r.Ref, Name: r.Name, Date: sentAt(r)}
	if r.Email != nil {
		p.Regarding = r.Email.Regarding
	}
	return p
}

// sentAt is when the email of a record was sent; where the CRM does not tell,
// when the record was made, which is later.
func sentAt(r offline.Record) time.Time {
	if r.Email != nil && !r.Email.Sent.IsZero() {
		return r.Email.Sent
	}
	return r.Created
}

// fill takes into past what smart matching may find, once: the tracked messages
// here, and the emails of the CRM. That is a few microseconds for each; smart
// matching is off in most organizations, and an index of subjects in the store
// would have to be made anew whenever the organization changes its expression.
func fill(tx *offline.Tx, past *track.Past, s track.Smart) error {
	if past.Filled {
		return nil
	}
	past.Filled = true
	for _, state := range []offline.State{offline.Tracked, offline.Waiting} {
		keys, err := tx.KeysByState(state, 0)
		if err != nil {
			return err
		}
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			addPast(past, s, &m)
		}
	}
	return tx.Records(offline.KindEmail, func(r offline.Record) bool {
		if r.Email != nil {
			past.Add(s.Print(r.Name, r.Email.People), recordParent(r))
		}
		return true
	})
}

// addPast takes a message that is tracked now into past.
func addPast(past *track.Past, s track.Smart, m *offline.Message) {
	if p, ok := parentOf(m); ok {
		past.Add(s.Print(m.Subject, track.Participants(m)), p)
	}
}

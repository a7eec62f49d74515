package agent

import (
	"errors"
	"fmt"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

// settingAlike is alike.
const settingAlike = "alike"

// alike tells that emails became known, the first of them sent at Since, that
// smart matching was not asked about yet.
type alike struct {
	Due   bool      `json:"due,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// origin is an email that is in the CRM now, or on its way there, as far as it
// can be answered.
type origin struct {
	identity, token, thread string
	sent                    time.Time
}

func messageOrigin(m *offline.Message, s track.Settings) origin {
	return origin{m.Identity, s.Tokens.Find(m.Subject), track.ThreadRoot(m.ThreadIndex), m.Date}
}

func recordOrigin(r *offline.Record) origin {
	return origin{r.Email.Identity, r.Email.Token, track.ThreadRoot(r.Email.Thread), sentAt(*r)}
}

// reopen makes undecided what was left alone and may answer o, now that o is
// tracked (R-EMAIL-35): by In-Reply-To or References, by its token (one of five
// digits and more), by the conversation index. What smart matching would find is
// looked for at the end of the decisions, for all of them together.
func (a *Agent) reopen(tx *offline.Tx, o origin, s track.Settings) error {
	keys, err := tx.ReferencedBy(o.identity)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := undecide(tx, key, nil); err != nil {
			return err
		}
	}
	if o.token != "" {
		for _, key := range tx.KeysByToken(o.token) {
			if err := undecide(tx, key, func(m *offline.Message) bool { return s.Tokens.Find(m.Subject) == o.token }); err != nil {
				return err
			}
		}
	}
	if !s.NoHeaders {
		for _, key := range tx.KeysByThread(o.thread) {
			if err := undecide(tx, key, func(m *offline.Message) bool { return !m.Date.Before(o.sent) }); err != nil {
				return err
			}
		}
	}
	if !s.Smart.On {
		return nil
	}
	var due alike
	if _, err := tx.Setting(settingAlike, &due); err != nil || due.Due && !due.Since.After(o.sent) {
		return err
	}
	return tx.PutSetting(settingAlike, alike{true, o.sent})
}

// undecide makes a message that rules left alone undecided again, if is says so
// (nil: yes). What the user decided stays, and so does what lies in a folder that
// no filter decides.
func undecide(tx *offline.Tx, key uint64, is func(*offline.Message) bool) error {
	m, err := tx.Message(key)
	if errors.Is(err, offline.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.Track.State != offline.Untracked || m.Track.Declined || m.Track.Cause == offline.CauseFolder || is != nil && !is(&m) {
		return nil
	}
	m.Track = offline.Tracking{}
	return tx.PutMessage(&m)
}

// reopenAlike makes undecided what was left alone and is, by smart matching, like
// an email that became known since it was last asked. more tells that there is
// something to decide now.
func (a *Agent) reopenAlike() (more bool, err error) {
	s := a.trackSettings()
	if !s.Smart.On {
		return false, nil
	}
	var due alike
	if err := a.Store.View(func(tx *offline.Tx) error { _, err := tx.Setting(settingAlike, &due); return err }); err != nil || !due.Due {
		return false, err
	}
	err = a.Store.Update(func(tx *offline.Tx) error {
		if _, err := tx.Setting(settingAlike, &due); err != nil {
			return err
		}
		keys, err := tx.FolderKeys(0) // newest first
		if err != nil {
			return err
		}
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			if m.Date.Before(due.Since.Truncate(time.Second)) {
				break
			}
			if m.Track.State != offline.Untracked || m.Track.Declined {
				continue
			}
			f, err := facts(tx, &m, s)
			if err != nil {
				return err
			}
			if len(f.BySubject) == 0 || !track.Decide(&m, f, s).Track {
				continue
			}
			if err := undecide(tx, key, nil); err != nil {
				return err
			}
			more = true
		}
		return tx.PutSetting(settingAlike, alike{})
	})
	if err != nil {
		return false, fmt.Errorf("look for what smart matching finds: %w", err)
	}
	return more, nil
}

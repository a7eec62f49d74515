package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

// settingArrivals is []arrival: what was put into tracked folders and was not
// dealt with yet.
const settingArrivals = "arrivals"

// arrival is a message in a tracked folder.
type arrival struct {
	Key    uint64           `json:"k"`
	Folder offline.FolderID `json:"f"`
	// Again: it has been there, and what it is about was changed since.
	Again bool `json:"again,omitempty"`
}

func addArrivals(tx *offline.Tx, more []arrival) error {
	if len(more) == 0 {
		return nil
	}
	var have []arrival
	if _, err := tx.Setting(settingArrivals, &have); err != nil {
		return err
	}
	for _, m := range more {
		if !slices.Contains(have, m) {
			have = append(have, m)
		}
	}
	return tx.PutSetting(settingArrivals, have)
}

// landing is what a folder means to the messages that come into it.
type landing struct {
	folder  offline.Folder
	scope   bool // the tracking filter decides there
	tracked bool // it is a tracked folder
	filing  filing
	off     bool // keywords are left alone
	arrived []arrival
	asks    []uint64
}

func (a *Agent) landingIn(tx *offline.Tx, f offline.Folder) (l landing, err error) {
	l = landing{folder: f, scope: a.inScope(f)}
	rules, err := a.rules(tx)
	if err != nil {
		return l, err
	}
	l.off = a.Marker == nil || rules.NoKeywords
	r, ok := ruleOf(rules, f.ID)
	if l.tracked = ok && !r.Disabled; !l.tracked {
		return l, nil
	}
	files, err := filings(tx)
	l.filing = filingOf(files, f.ID)
	return l, err
}

// leave is the state of a message that no filter decides, because it lies in a
// folder that is read for its rule only.
func (a *Agent) leave(reason string) offline.Tracking {
	return offline.Tracking{State: offline.Untracked, Since: a.Now().UTC(), Cause: offline.CauseFolder, Reason: reason}
}

const layBefore = "lay in its folder before that was tracked"

// before takes a new message in before it is stored.
func (l *landing) before(a *Agent, m *offline.Message) {
	if !l.scope && l.tracked {
		m.Track = a.leave(layBefore)
	}
}

// known takes in a place of a message that was known.
func (l *landing) known(a *Agent, tx *offline.Tx, m *offline.Message, p offline.Place) error {
	if l.scope && m.Track.State == offline.Untracked && m.Track.Cause == offline.CauseFolder && !m.Track.Declined {
		m.Track = offline.Tracking{} // now the filter is asked
	}
	if err := tx.PutMessage(m); err != nil {
		return err
	}
	l.note(m.Key, p)
	return a.wantKeyword(tx, m)
}

// note remembers what is to be done about a message at a new place.
func (l *landing) note(key uint64, p offline.Place) {
	if l.tracked && l.filing.has(key, p.UID) {
		l.arrived = append(l.arrived, arrival{Key: key, Folder: l.folder.ID})
	}
	if !l.off && hasKeyword(p.Flags, offline.KeywordTrack) {
		l.asks = append(l.asks, key)
	}
}

// keep stores what was noted.
func (l *landing) keep(tx *offline.Tx) error {
	if err := addArrivals(tx, l.arrived); err != nil {
		return err
	}
	return addKeys(tx, settingAsks, l.asks)
}

// renumbered notes what lies in a tracked folder whose places are about to be
// void: when it is read again, those messages were not put in.
func renumbered(tx *offline.Tx, f offline.FolderID) error {
	files, err := filings(tx)
	if err != nil || !slices.ContainsFunc(files, func(x filing) bool { return x.Folder == f }) {
		return err
	}
	file := filingOf(files, f)
	keys, err := tx.FolderKeys(f)
	if err != nil {
		return err
	}
	if file.First != 0 || len(file.Was) == 0 { // else it was renumbered before it was read again
		file.Was = keys
	}
	file.First, file.Validity = 0, 0
	return putFiling(tx, file, false)
}

// settleFilings begins to tell what is put into tracked folders that have been
// read to their end.
func (a *Agent) settleFilings() error {
	return a.Store.Update(func(tx *offline.Tx) error {
		rules, err := a.rules(tx)
		if err != nil || len(rules.Folders) == 0 {
			return err
		}
		files, err := filings(tx)
		if err != nil {
			return err
		}
		for _, r := range rules.Folders {
			f, err := tx.Folder(r.Folder)
			if err != nil {
				return err
			}
			file := filingOf(files, r.Folder)
			if r.Disabled || f.Cursor.UIDNext == 0 || file.First != 0 && file.Validity == f.Cursor.UIDValidity {
				continue
			}
			if err := a.settleFiling(tx, f, file); err != nil {
				return err
			}
		}
		return nil
	})
}

// settleFiling looks at a folder that was read to its end. After its UIDVALIDITY
// changed it is the same one if most of what lay there lies there again, and
// what is new was put in; else another folder has taken its name (R-FOLDER-09).
func (a *Agent) settleFiling(tx *offline.Tx, f offline.Folder, file filing) error {
	keys, err := tx.FolderKeys(f.ID)
	if err != nil {
		return err
	}
	if len(file.Was) > 0 {
		old := make(map[uint64]bool, len(file.Was))
		for _, k := range file.Was {
			old[k] = true
		}
		var fresh []arrival
		for _, k := range keys {
			if !old[k] {
				fresh = append(fresh, arrival{Key: k, Folder: f.ID})
			}
		}
		if 2*(len(keys)-len(fresh)) < len(old) {
			file.Other = true
		} else if err := addArrivals(tx, fresh); err != nil {
			return err
		}
	}
	file.Was, file.Validity, file.First = nil, f.Cursor.UIDValidity, f.Cursor.UIDNext
	if err := putFiling(tx, file, false); err != nil || !file.Other {
		return err
	}
	all, err := tx.Folders()
	if err != nil {
		return err
	}
	_, err = a.followRules(tx, all)
	return err
}

// refile has a message looked at again whose regarding was changed while it lies
// in a folder that is linked to a record (R-FOLDER-13).
func (a *Agent) refile(tx *offline.Tx, m *offline.Message) error {
	rules, err := a.rules(tx)
	if err != nil {
		return err
	}
	if r, ok := holder(rules, m); ok {
		return addArrivals(tx, []arrival{{Key: m.Key, Folder: r.Folder, Again: true}})
	}
	return nil
}

// holder is the rule of a linked folder that a message lies in, unless it is
// about the record of one of them already.
func holder(rules offline.Rules, m *offline.Message) (found offline.FolderRule, ok bool) {
	for _, r := range rules.Folders {
		if r.Disabled || r.Regarding.IsZero() || !liesIn(m, r.Folder) {
			continue
		}
		if r.Regarding == m.Track.Regarding {
			return offline.FolderRule{}, false
		}
		if !ok {
			found, ok = r, true
		}
	}
	return found, ok
}

func liesIn(m *offline.Message, f offline.FolderID) bool {
	return slices.ContainsFunc(m.Places, func(p offline.Place) bool { return p.Folder == f })
}

// file deals with what was put into tracked folders and with what bears the
// keyword that asks for tracking. It comes before the filter decides.
func (a *Agent) file(ctx context.Context) error {
	if err := a.settleFilings(); err != nil {
		return fmt.Errorf("look at the tracked folders: %w", err)
	}
	for {
		var arrivals []arrival
		var asks []uint64
		err := a.Store.View(func(tx *offline.Tx) error {
			if _, err := tx.Setting(settingArrivals, &arrivals); err != nil {
				return err
			}
			_, err := tx.Setting(settingAsks, &asks)
			return err
		})
		if err != nil || len(arrivals)+len(asks) == 0 {
			return err
		}
		arrivals = arrivals[:min(len(arrivals), slice)]
		asks = asks[:min(len(asks), slice)]
		keys := slices.Clone(asks)
		for _, x := range arrivals {
			keys = append(keys, x.Key)
		}
		if err := a.learn(ctx, keys); err != nil {
			return err
		}
		if err := a.fileSome(arrivals, asks); err != nil {
			return fmt.Errorf("track what was put into a folder: %w", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (a *Agent) fileSome(arrivals []arrival, asks []uint64) error {
	s := a.trackSettings()
	return a.Store.Update(func(tx *offline.Tx) error {
		rules, err := a.rules(tx)
		if err != nil {
			return err
		}
		s.Never = track.NewNeverList(rules.Never)
		for _, x := range arrivals {
			if err := a.fileArrival(tx, rules, x, s); err != nil {
				return fmt.Errorf("message %d: %w", x.Key, err)
			}
		}
		for _, key := range asks {
			if err := a.fileAsk(tx, rules, key, s); err != nil {
				return fmt.Errorf("message %d: %w", key, err)
			}
		}
		var left []arrival
		if _, err := tx.Setting(settingArrivals, &left); err != nil {
			return err
		}
		left = slices.DeleteFunc(left, func(x arrival) bool { return slices.Contains(arrivals, x) })
		if err := tx.PutSetting(settingArrivals, left); err != nil {
			return err
		}
		var open []uint64
		if _, err := tx.Setting(settingAsks, &open); err != nil {
			return err
		}
		open = slices.DeleteFunc(open, func(k uint64) bool { return slices.Contains(asks, k) })
		return tx.PutSetting(settingAsks, open)
	})
}

// fileArrival deals with one message in a tracked folder. The never-track list
// stands against it: a rule of the mail server may have put it there, and what
// is in the CRM can't be taken back from those who saw it.
func (a *Agent) fileArrival(tx *offline.Tx, rules offline.Rules, x arrival, s track.Settings) error {
	m, err := tx.Message(x.Key)
	if errors.Is(err, offline.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r, ok := ruleOf(rules, x.Folder)
	if !ok || r.Disabled || a.me().Options.NoFolders || !liesIn(&m, x.Folder) {
		return nil
	}
	if x.Again {
		if r, ok = holder(rules, &m); !ok {
			return nil
		}
	}
	f, err := tx.Folder(r.Folder)
	if err != nil {
		return err
	}
	switch m.Track.State {
	case offline.Tracked, offline.Waiting, offline.Failed:
		return a.relink(tx, &m, r.Regarding)
	}
	if x.Again {
		return nil
	}
	if n, never := s.Never.Of(&m); never {
		m.Track = a.leave("it is on your never-track list")
		m.Track.Cause, m.Track.By = offline.CauseNever, n.Address+n.Domain
		return tx.PutMessage(&m)
	}
	return a.trackFiled(tx, &m, s, r.Regarding, offline.CauseFolder, f.Name)
}

// fileAsk tracks a message that bears the keyword $CRMTrack. A person set it, so
// the never-track list does not stand against it.
func (a *Agent) fileAsk(tx *offline.Tx, rules offline.Rules, key uint64, s track.Settings) error {
	m, err := tx.Message(key)
	if errors.Is(err, offline.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch m.Track.State {
	case offline.Tracked, offline.Waiting, offline.Failed:
		return a.wantKeyword(tx, &m) // what asks goes when it is tracked
	}
	r, _ := holder(rules, &m)
	return a.trackFiled(tx, &m, s, r.Regarding, offline.CauseKeyword, "another mail program")
}

// trackFiled tracks one message because of where it lies or what it bears.
func (a *Agent) trackFiled(tx *offline.Tx, m *offline.Message, s track.Settings, regarding offline.Ref, cause offline.Cause, by string) error {
	if err := dropChanges(tx, m.Key); err != nil {
		return err
	}
	f, err := facts(tx, m, s)
	if err != nil {
		return err
	}
	d := track.ByHand(m, f, s, regarding)
	if d.Cause = cause; !d.Existing.IsZero() && !regarding.IsZero() && a.settledBy(tx, d.Existing) {
		d.Regarding = base(tx, d.Existing)
	}
	if err := a.apply(tx, m, d); err != nil {
		return err
	}
	m.Track.By = by
	return tx.PutMessage(m)
}

// settledBy reports whether somebody else's email record is about something
// already: who filed a message first decides (R-FOLDER-14). It also keeps two
// Postriders from changing it to and fro.
func (a *Agent) settledBy(tx *offline.Tx, record offline.Ref) bool {
	r, err := tx.Record(record)
	if err != nil || r.Email == nil || r.Owner.IsZero() {
		return false
	}
	return r.Owner.ID != a.me().ID && !r.Email.Regarding.IsZero()
}

// relink makes a tracked message be about the record of its folder (R-FOLDER-12,
// -13). With none it keeps what it is about.
func (a *Agent) relink(tx *offline.Tx, m *offline.Message, to offline.Ref) error {
	if to.IsZero() || m.Track.Regarding == to || a.settledBy(tx, m.Track.Record) {
		return nil
	}
	return a.regard(tx, m, to)
}

// byHand reports whether a person asked for just this message, or wrote it here.
func byHand(c offline.Cause) bool {
	return c == offline.CauseUser || c == offline.CauseKeyword || c == offline.CauseSent
}

// since reports whether a message was received on or after t; a zero t is
// before all.
func since(m *offline.Message, t time.Time) bool { return t.IsZero() || !m.Received.Before(t) }

package agent

import (
	"fmt"
	"slices"
	"strings"

	"postrider/offline"
)

// Two keywords are what other mail programs and Postrider say to one another on
// a message (RFC 3501 section 2.3.2): $CRMTrack asks for tracking and goes when
// that is done; $CRMTracked shows that it is tracked, and taking it away
// untracks the message. A person set or took away a keyword, so it counts as
// done by hand: no rule stands against it.
//
// What we wrote ourselves is remembered at each place (offline.KeywordMark).
// Only a keyword that we set and the mailbox has shown since can be taken away:
// a move, a copy, another UIDVALIDITY or a server that loses keywords makes a
// new place without a mark and untracks nothing.

// settingAsks is []uint64: keys of messages that bear $CRMTrack and were not
// dealt with yet.
const settingAsks = "keyword-asks"

func hasKeyword(flags []string, keyword string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, keyword) })
}

func withKeyword(flags []string, keyword string) []string {
	if hasKeyword(flags, keyword) {
		return flags
	}
	flags = append(slices.Clone(flags), keyword)
	slices.Sort(flags)
	return flags
}

func withoutKeyword(flags []string, keyword string) []string {
	return slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return strings.EqualFold(f, keyword) })
}

// signal is what the flags of a place say.
type signal struct {
	asked bool // somebody asks for tracking
	taken bool // somebody took our keyword away
}

// readFlags takes over the flags that the mailbox shows for a place, and tells
// what they say. linked: the message is tracked.
func readFlags(p *offline.Place, now []string, linked bool) (s signal) {
	s.asked = hasKeyword(now, offline.KeywordTrack) && !hasKeyword(p.Flags, offline.KeywordTrack)
	shown := hasKeyword(now, offline.KeywordTracked)
	switch {
	case shown && (linked || p.Keyword == offline.KeywordSet):
		p.Keyword = offline.KeywordSeen // ours, or another Postrider's of the same user
	case !shown && p.Keyword == offline.KeywordSeen:
		p.Keyword, s.taken = offline.KeywordNone, true
	case !shown && p.Keyword == offline.KeywordSet:
		p.Keyword = offline.KeywordRefused // it said yes and did not keep it
	}
	p.Flags = now
	return s
}

// keywordWork says what is to be written at a place, and what its mark is then.
// linked: the message is tracked; declined: a person untracked it.
func keywordWork(p offline.Place, linked, declined bool) (add, remove []string, mark offline.KeywordMark) {
	shown := hasKeyword(p.Flags, offline.KeywordTracked)
	mark = p.Keyword
	switch {
	case linked && shown && mark != offline.KeywordSet:
		mark = offline.KeywordSeen
	case linked && !shown && mark != offline.KeywordRefused:
		add, mark = []string{offline.KeywordTracked}, offline.KeywordSet
	case !linked && (mark == offline.KeywordSet || mark == offline.KeywordSeen || declined && shown):
		remove, mark = []string{offline.KeywordTracked}, offline.KeywordNone
	}
	if (linked || declined) && hasKeyword(p.Flags, offline.KeywordTrack) {
		remove = append(remove, offline.KeywordTrack)
	}
	return add, remove, mark
}

// keywordsOff reports whether keywords are left alone.
func (a *Agent) keywordsOff(tx *offline.Tx) (bool, error) {
	if a.Marker == nil {
		return true, nil
	}
	r, err := a.rules(tx)
	return r.NoKeywords, err
}

// wantKeyword queues that the keywords of a message be brought in line with its
// state, where they are not. One change of a message is enough: it says nothing
// of what is to be written, which is found when it is its turn.
func (a *Agent) wantKeyword(tx *offline.Tx, m *offline.Message) error {
	if a.Marker == nil {
		return nil
	}
	linked := isLinked(tx, m.Key)
	if !slices.ContainsFunc(m.Places, func(p offline.Place) bool {
		add, remove, mark := keywordWork(p, linked, m.Track.Declined)
		return len(add)+len(remove) > 0 || mark != p.Keyword
	}) {
		return nil
	}
	cs, err := tx.ChangesFor(m.Key)
	if err != nil || slices.ContainsFunc(cs, func(c offline.Change) bool { return c.Op == offline.OpKeyword }) {
		return err
	}
	return tx.Enqueue(&offline.Change{Lane: keywordLane, Op: offline.OpKeyword, Item: m.Key, Queued: a.Now().UTC()})
}

func isLinked(tx *offline.Tx, key uint64) bool {
	_, err := tx.Link(key)
	return err == nil
}

// putFlags takes over changed flags of one folder, and what they ask for.
func (a *Agent) putFlags(tx *offline.Tx, f offline.FolderID, changes []offline.FlagChange) error {
	if len(changes) == 0 {
		return nil
	}
	off, err := a.keywordsOff(tx)
	if err != nil {
		return err
	}
	var asks []uint64
	for _, c := range changes {
		key, ok := tx.KeyAt(f, c.UID)
		if !ok {
			continue // set aside, or left out
		}
		m, err := tx.Message(key)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(m.Places, func(p offline.Place) bool { return p.Folder == f && p.UID == c.UID })
		if i < 0 {
			continue
		}
		p := &m.Places[i]
		was, mark := p.Flags, p.Keyword
		if off {
			p.Flags = c.Flags
			if slices.Equal(was, c.Flags) {
				continue
			}
		}
		var s signal
		if !off {
			s = readFlags(p, c.Flags, isLinked(tx, key))
			if slices.Equal(was, c.Flags) && p.Keyword == mark {
				continue
			}
		}
		if err := tx.PutMessage(&m); err != nil {
			return err
		}
		if s.asked {
			asks = append(asks, key)
		} else if s.taken && isLinked(tx, key) {
			if err := a.untrackByKeyword(tx, &m); err != nil {
				return err
			}
		}
	}
	return addKeys(tx, settingAsks, asks)
}

// untrackByKeyword untracks a message whose keyword was taken away. Nobody can
// be asked there whether the record is to go, too: it stays (R-UNTRACK-01).
func (a *Agent) untrackByKeyword(tx *offline.Tx, m *offline.Message) error {
	if err := a.untrackOne(tx, m, false); err != nil {
		return err
	}
	m.Track.Cause, m.Track.Reason = offline.CauseKeyword, "untracked in another mail program, by the keyword "+offline.KeywordTracked
	return tx.PutMessage(m)
}

// addKeys appends to a setting that is a list of message keys, each once.
func addKeys(tx *offline.Tx, setting string, keys []uint64) error {
	if len(keys) == 0 {
		return nil
	}
	var have []uint64
	if _, err := tx.Setting(setting, &have); err != nil {
		return err
	}
	for _, k := range keys {
		if !slices.Contains(have, k) {
			have = append(have, k)
		}
	}
	if err := tx.PutSetting(setting, have); err != nil {
		return fmt.Errorf("keep what waits to be looked at: %w", err)
	}
	return nil
}

// settingMarked is bool: keywords are on, and what was tracked before they were
// switched on is queued.
const settingMarked = "keywords-on"

// markBacklog queues the keywords of what was tracked while they were off.
func (a *Agent) markBacklog() error {
	var keys []uint64
	var off, on bool
	err := a.Store.View(func(tx *offline.Tx) (err error) {
		if off, err = a.keywordsOff(tx); err != nil {
			return err
		}
		if _, err = tx.Setting(settingMarked, &on); err != nil || off || on {
			return err
		}
		keys, err = tx.KeysByState(offline.Tracked, 0)
		return err
	})
	if err != nil || on == !off {
		return err
	}
	for len(keys) > 0 {
		n := min(len(keys), keywordBatch)
		if err := a.Store.Update(func(tx *offline.Tx) error {
			for _, key := range keys[:n] {
				m, err := tx.Message(key)
				if err == nil {
					err = a.wantKeyword(tx, &m)
				}
				if err = ignoreMissing(err); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingMarked, !off) })
}

package track

import (
	"fmt"
	"strings"
	"time"

	"postrider/offline"
)

// Filter says which messages are tracked by themselves.
type Filter string

// The tracking filters (R-EMAIL-03 to R-EMAIL-07).
const (
	All     Filter = "all"     // every message
	Replies Filter = "replies" // messages that answer an email that is in the CRM; the default (R-EMAIL-01)
	People  Filter = "people"  // messages whose sender is a lead, contact or account
	Records Filter = "records" // messages whose sender is any record with a mail address
	None    Filter = "none"    // nothing by itself
)

// Filters lists the filters in the order in which they are offered.
var Filters = []Filter{All, Replies, People, Records, None}

// ParseFilter reads a filter's name.
func ParseFilter(s string) (Filter, error) {
	for _, f := range Filters {
		if string(f) == strings.ToLower(strings.TrimSpace(s)) {
			return f, nil
		}
	}
	return "", fmt.Errorf("%q is not a tracking filter; choose one of all, replies, people, records, none", s)
}

// Settings are what the user and the organization chose.
type Settings struct {
	Filter Filter
	Since  time.Time // older messages are left alone by every filter; zero: no bound
	Sent   bool      // the filter is applied to what the user sent, too
	Tokens Tokens
	// TwoActivities: a message between two users is one email record for the
	// sender and one for the recipient, told apart by direction (R-EMAIL-22).
	TwoActivities bool
}

// Parent is an email that is in the CRM, or on its way there, and that a
// message may answer.
type Parent struct {
	Record    offline.Ref
	Regarding offline.Ref
	Changed   time.Time // when the record last changed; the latest wins among equals
}

// Facts are what is known about a message when it is decided.
type Facts struct {
	// Existing are the email records made from this very message, by anybody.
	Existing []offline.Record
	// Replied are the emails named by In-Reply-To, in its order; Referenced
	// those named by References, the last named first. Names that are not in the
	// CRM are left out.
	Replied, Referenced []Parent
	// ByToken are the emails that bear the token of the subject.
	ByToken []Parent
	// Sender are the records that hold the sender's address.
	Sender []offline.Record
}

// Decision is what becomes of a message.
type Decision struct {
	Track      bool
	Cause      offline.Cause
	Existing   offline.Ref // it is there already: link, don't create
	Regarding  offline.Ref
	Correlated offline.Ref // the email that it answers
}

// FilterCause is the cause of what a filter caught.
func FilterCause(f Filter) offline.Cause { return offline.Cause("filter:" + string(f)) }

// Decide says what becomes of a message that nobody has decided by hand.
func Decide(m *offline.Message, f Facts, s Settings) Decision {
	// R-EMAIL-30: what is there is not made again, whoever made it.
	if r, ok := existing(m, f.Existing, s.TwoActivities); ok {
		return Decision{Track: true, Cause: offline.CauseColleague, Existing: r.Ref, Regarding: regarding(r)}
	}
	if !s.Since.IsZero() && m.Received.Before(s.Since) && m.Date.Before(s.Since) {
		return Decision{}
	}
	if m.Outgoing && !s.Sent {
		return Decision{}
	}
	parent, cause, answered := Correlate(f)
	// R-EMAIL-02: the filter decides acceptance, then correlation finds the
	// earlier email. Only the filter "replies" asks correlation to decide.
	switch s.Filter {
	case All:
	case Replies:
		if !answered {
			return Decision{}
		}
	case People:
		if !holds(f.Sender, isPerson) {
			return Decision{}
		}
	case Records:
		if !holds(f.Sender, hasAddress) {
			return Decision{}
		}
	default:
		return Decision{}
	}
	d := Decision{Track: true, Cause: FilterCause(s.Filter)}
	if answered {
		d.Cause, d.Correlated, d.Regarding = cause, parent.Record, parent.Regarding
	}
	return d
}

// ByHand is the decision for a message that the user tracks: no filter is asked
// (R-EMAIL-08), correlation gives the regarding unless the user chose one.
func ByHand(m *offline.Message, f Facts, s Settings, chosen offline.Ref) Decision {
	d := Decision{Track: true, Cause: offline.CauseUser, Regarding: chosen}
	if r, ok := existing(m, f.Existing, s.TwoActivities); ok {
		d.Existing = r.Ref
		if chosen.IsZero() {
			d.Regarding = regarding(r)
		}
		return d
	}
	if parent, _, ok := Correlate(f); ok {
		d.Correlated = parent.Record
		if chosen.IsZero() {
			d.Regarding = parent.Regarding
		}
	}
	return d
}

// Correlate finds the email that a message answers: first by In-Reply-To, then
// by References, then by token (R-TOKEN-01); of several that bear one token the
// one changed last (R-TOKEN-12).
func Correlate(f Facts) (Parent, offline.Cause, bool) {
	if len(f.Replied) > 0 {
		return f.Replied[0], offline.CauseReply, true
	}
	if len(f.Referenced) > 0 {
		return f.Referenced[0], offline.CauseReply, true
	}
	if len(f.ByToken) == 0 {
		return Parent{}, "", false
	}
	last := f.ByToken[0]
	for _, p := range f.ByToken[1:] {
		if p.Changed.After(last.Changed) || p.Changed.Equal(last.Changed) && p.Record.ID < last.Record.ID {
			last = p
		}
	}
	return last, offline.CauseToken, true
}

// existing picks the record made from this message: with two activities the one
// of its own direction only; otherwise the oldest one.
func existing(m *offline.Message, rs []offline.Record, two bool) (offline.Record, bool) {
	var best offline.Record
	found := false
	for _, r := range rs {
		if two && r.Email != nil && r.Email.Outgoing != m.Outgoing {
			continue
		}
		if !found || older(r, best) {
			best, found = r, true
		}
	}
	return best, found
}

func regarding(r offline.Record) offline.Ref {
	if r.Email == nil {
		return offline.Ref{}
	}
	return r.Email.Regarding
}

func holds(rs []offline.Record, is func(offline.Kind) bool) bool {
	for _, r := range rs {
		if r.Active && is(r.Kind) {
			return true
		}
	}
	return false
}

func isPerson(k offline.Kind) bool {
	return k == offline.KindLead || k == offline.KindContact || k == offline.KindAccount
}

func hasAddress(k offline.Kind) bool { _, ok := senderRank[k]; return ok }

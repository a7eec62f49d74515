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
	Never  NeverList // left alone by every rule
	Tokens Tokens
	Smart  Smart
	Past   *Past // what smart matching may find; nil where it is not asked
	// Elsewhere: the CRM has somebody else, or nobody, move the user's incoming
	// mail; no rule tracks anything then (R-EMAIL-09, R-METHOD-02).
	Elsewhere bool
	// NoHeaders: the organization does not correlate by In-Reply-To, References
	// and Thread-Index (R-TOKEN-22).
	NoHeaders bool
	// TwoActivities: a message between two users is one email record for the
	// sender and one for the recipient, told apart by direction (R-EMAIL-22).
	TwoActivities bool
}

// Parent is an email that is in the CRM, or on its way there, and that a
// message may answer.
type Parent struct {
	Record    offline.Ref
	Regarding offline.Ref
	Name      string    // its subject
	Date      time.Time // when it was sent; zero: unknown
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
	// ByThread are the emails whose conversation index has the message's root.
	ByThread []Parent
	// BySubject are the emails that smart matching finds alike (Past.Find).
	BySubject []Parent
	// Sender are the records that hold the sender's address.
	Sender []offline.Record
}

// Decision is what becomes of a message.
type Decision struct {
	Track      bool
	Cause      offline.Cause // why it is tracked, or left alone
	By         string        // who or what it was, for people, where Cause does not tell
	Reason     string        // why it is left alone, for people
	Existing   offline.Ref   // it is there already: link, don't create
	Regarding  offline.Ref
	Correlated offline.Ref // the email that it answers
}

// FilterCause is the cause of what a filter caught, or left.
func FilterCause(f Filter) offline.Cause { return offline.Cause("filter:" + string(f)) }

// Decide says what becomes of a message that nobody has decided by hand.
func Decide(m *offline.Message, f Facts, s Settings) Decision {
	if n, ok := s.Never.Of(m); ok {
		return Decision{Cause: offline.CauseNever, By: n.Address + n.Domain, Reason: "it is on your never-track list"}
	}
	// R-EMAIL-30: what is there is not made again, whoever made it.
	if r, ok := existing(m, f.Existing, s.TwoActivities); ok {
		return Decision{Track: true, Cause: offline.CauseColleague, Existing: r.Ref, Regarding: regarding(r)}
	}
	if s.Elsewhere {
		return Decision{Cause: offline.CauseElsewhere, Reason: "the CRM has somebody else move your incoming mail, so no rule tracks anything here"}
	}
	if !s.Since.IsZero() && m.Received.Before(s.Since) && m.Date.Before(s.Since) {
		return Decision{Cause: offline.CauseOld, Reason: "it is from before the day from which you track"}
	}
	if m.Outgoing && !s.Sent {
		return Decision{Cause: offline.CauseSentOff, Reason: "sent mail is tracked by hand only"}
	}
	parent, cause, answered := Correlate(m, f, s)
	// R-EMAIL-02: the filter decides acceptance, then correlation finds the
	// earlier email. Only the filter "replies" asks correlation to decide.
	by, why := "", ""
	switch s.Filter {
	case All:
	case Replies:
		if !answered {
			why = "it answers no email that is in the CRM"
		}
	case People:
		var ok bool
		if by, ok = holder(f.Sender, isPerson); !ok {
			why = "its sender is no lead, contact or account"
		}
	case Records:
		var ok bool
		if by, ok = holder(f.Sender, HasAddress); !ok {
			why = "its sender is nobody whom the CRM knows"
		}
	default:
		why = "no rule tracks anything by itself"
	}
	if why != "" {
		return Decision{Cause: FilterCause(s.Filter), Reason: why}
	}
	d := Decision{Track: true, Cause: FilterCause(s.Filter), By: by}
	if answered {
		d.Cause, d.By, d.Correlated, d.Regarding = cause, "", parent.Record, parent.Regarding
		if cause != offline.CauseReply {
			d.By = parent.Name
		}
	}
	return d
}

// Open reports whether knowing of more emails that m may answer could change
// what Decide says of it: whether it is worth asking for them.
func Open(m *offline.Message, f Facts, s Settings) bool {
	if _, _, answered := Correlate(m, f, s); answered || s.Filter == None {
		return false
	}
	if s.Filter == Replies {
		s.Filter = All // as if it answered something
	}
	d := Decide(m, f, s)
	return d.Track && d.Existing.IsZero()
}

// ByHand is the decision for a message that the user tracks: no filter is asked
// (R-EMAIL-08), nor the never-track list; correlation gives the regarding unless
// the user chose one.
func ByHand(m *offline.Message, f Facts, s Settings, chosen offline.Ref) Decision {
	d := Decision{Track: true, Cause: offline.CauseUser, Regarding: chosen}
	if r, ok := existing(m, f.Existing, s.TwoActivities); ok {
		d.Existing = r.Ref
		if chosen.IsZero() {
			d.Regarding = regarding(r)
		}
		return d
	}
	if parent, _, ok := Correlate(m, f, s); ok {
		d.Correlated = parent.Record
		if chosen.IsZero() {
			d.Regarding = parent.Regarding
		}
	}
	return d
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

// holder names the first active record of the kinds asked for.
func holder(rs []offline.Record, is func(offline.Kind) bool) (name string, ok bool) {
	var best offline.Record
	for _, r := range rs {
		if r.Active && is(r.Kind) && (!ok || before(r, best)) {
			best, ok = r, true
		}
	}
	return best.Name, ok
}

func isPerson(k offline.Kind) bool {
	return k == offline.KindLead || k == offline.KindContact || k == offline.KindAccount
}

package book

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// Entry is somebody who can be written to.
type Entry struct {
	Name    string
	Addr    string      // as the record or the user writes it
	Company string      // that it belongs to; may be empty
	Record  offline.Ref // zero: known only from mail that the user has written

	also    string  // more words by which it is found: a case's number
	listed  bool    // can be written to: the address book takes it
	changed int64   // when the record last changed, in seconds
	use     float32 // how much it is written to; 0: never. See use.add
	rank    uint8   // of its kind; see kindRank
}

// Written is an address that the user has written to.
type Written struct {
	offline.Address
	At time.Time
}

// kindRank is the order in which kinds are offered among those never written to.
var kindRank = []offline.Kind{
	offline.KindContact, offline.KindUser, offline.KindAccount, offline.KindLead, offline.KindQueue,
	offline.KindTeam, offline.KindEquipment, offline.KindUnit,
}

func rankOf(k offline.Kind) uint8 {
	if i := slices.Index(kindRank, k); i >= 0 {
		return uint8(i)
	}
	return uint8(len(kindRank))
}

// compare is the order in which entries are offered.
func compare(a, b *Entry) int {
	if a.use != b.use {
		return cmp.Compare(b.use, a.use)
	}
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.Addr, b.Addr), strings.Compare(a.Record.ID, b.Record.ID))
}

// use is how much an address is written to: each message counts, and counts
// half as much as one that is halfLife younger. It is kept as the binary
// logarithm of that sum as seen from a fixed day, so that it need not be
// computed anew as time goes on.
type use struct {
	address offline.Address
	score   float64
}

const halfLife = 30 * 24 * time.Hour

var firstDay = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (u *use) add(at time.Time) {
	s := max(1, float64(at.Sub(firstDay))/float64(halfLife))
	if u.score == 0 {
		u.score = s
		return
	}
	high, low := max(u.score, s), min(u.score, s)
	u.score = high + math.Log2(1+math.Exp2(low-high))
}

// Scope says which records the book takes (R-ADDRESSBOOK-03..05).
type Scope struct {
	Reach offline.BookScope
	User  string         // id of the user whose book it is
	About []offline.Kind // whose records are found by Find, all of them
}

// standard are the other kinds where the user named none.
var standard = []offline.Kind{offline.KindAccount, offline.KindLead, offline.KindUser, offline.KindQueue}

// Kinds are the kinds of record that the scope can take.
func (s Scope) Kinds() []offline.Kind {
	others := s.Reach.Kinds
	if others == nil {
		others = standard
	}
	var out []offline.Kind
	if s.Reach.Contacts != offline.BookNone {
		out = append(out, offline.KindContact)
	}
	if s.Reach.Others != offline.BookNone {
		for _, k := range others {
			if k != offline.KindContact && !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// Takes reports whether a record belongs into the book. What nobody owns, as
// users and teams, belongs to everybody.
func (s Scope) Takes(r *offline.Record) bool {
	if !r.Active || len(r.Addrs) == 0 || !slices.Contains(s.Kinds(), r.Kind) {
		return false
	}
	reach := s.Reach.Others
	if r.Kind == offline.KindContact {
		if reach = s.Reach.Contacts; reach == "" {
			reach = offline.BookAll
		}
	}
	return reach == offline.BookAll || r.Owner.IsZero() || r.Owner == offline.Ref{Kind: offline.KindUser, ID: s.User}
}

package track

import (
	"slices"

	"postrider/offline"
)

// senderRank is the order in which the kinds are tried for the sender
// (R-EMAIL-13). Kinds of the organization's own come last.
var senderRank = map[offline.Kind]int{
	offline.KindUser:      1,
	offline.KindContact:   2,
	offline.KindAccount:   3,
	offline.KindLead:      4,
	offline.KindEquipment: 5,
	offline.KindTeam:      6,
	offline.KindUnit:      7,
	offline.KindQueue:     8,
}

// rankOwn is the rank of the kinds of the organization's own.
const rankOwn = 9

// rank is a kind's place in the order; 0: its records stand for nobody.
func rank(k offline.Kind) int {
	switch k {
	case "", offline.KindOpportunity, offline.KindCase, offline.KindEmail, offline.KindAppointment, offline.KindSeries, offline.KindTask:
		return 0
	}
	if r, ok := senderRank[k]; ok {
		return r
	}
	return rankOwn
}

// HasAddress reports whether records of a kind can be the people of an email: a
// kind of the organization's own can, if it has a column for a mail address, and
// without one none of its records holds any.
func HasAddress(k offline.Kind) bool { return rank(k) != 0 }

func own(k offline.Kind) bool { return rank(k) == rankOwn }

// before orders the records that hold one address: by the order of the kinds,
// the oldest first among equals.
func before(a, b offline.Record) bool {
	if x, y := rank(a.Kind), rank(b.Kind); x != y {
		return x < y
	}
	if own(a.Kind) && a.Kind != b.Kind {
		return a.Kind < b.Kind
	}
	return older(a, b)
}

// older orders records of one kind for good: by creation, then by id.
func older(a, b offline.Record) bool {
	if !a.Created.Equal(b.Created) {
		return a.Created.Before(b.Created)
	}
	return a.ID < b.ID
}

// Holders are those of the records that hold an address which can stand for it:
// active, of a kind that has people, each once, in their order.
func Holders(all []offline.Record) []offline.Record {
	var out []offline.Record
	for _, r := range all {
		if r.Active && HasAddress(r.Kind) {
			out = insert(out, r)
		}
	}
	return out
}

// PickFirst puts the record that the user picked before the others that hold an
// address. ok is false, and nothing is changed, where it is not among them.
func PickFirst(holders []offline.Record, pick offline.Ref) (out []offline.Record, ok bool) {
	i := slices.IndexFunc(holders, func(r offline.Record) bool { return r.Active && r.Ref == pick })
	if i < 0 {
		return holders, false
	}
	r := holders[i]
	return slices.Insert(slices.Delete(holders, i, i+1), 0, r), true
}

func insert(rs []offline.Record, r offline.Record) []offline.Record {
	at := len(rs)
	for i, o := range rs {
		if o.Ref == r.Ref {
			return rs
		}
		if before(r, o) {
			at = min(at, i)
		}
	}
	rs = append(rs, r)
	copy(rs[at+1:], rs[at:])
	rs[at] = r
	return rs
}

// Sender picks the one record that a sender's address stands for: the first
// active one in the order of the kinds (R-EMAIL-13), the oldest among equals;
// the one that the user picked for the address, where it is among them. The
// zero Ref: none.
func Sender(holders []offline.Record, pick offline.Ref) offline.Ref {
	found := Holders(holders)
	if len(found) == 0 {
		return offline.Ref{}
	}
	if picked(found, pick) {
		return pick
	}
	return found[0].Ref
}

func picked(rs []offline.Record, pick offline.Ref) bool {
	for _, r := range rs {
		if r.Ref == pick {
			return true
		}
	}
	return false
}

// Recipients are all active records that hold a recipient's address
// (R-EMAIL-14), in a fixed order. Of the organization's own kinds an incoming
// message links to one record only (R-EMAIL-15). Where the organization wants an
// ambiguous address left open there are none (R-EMAIL-16). The record that the
// user picked for the address is the only one: a pick resolves the address in
// every role and in every message from then on (R-EMAIL-17).
func Recipients(holders []offline.Record, unresolveMany, outgoing bool, pick offline.Ref) []offline.Ref {
	found := Holders(holders)
	if picked(found, pick) {
		return []offline.Ref{pick}
	}
	if !outgoing {
		for i, r := range found { // those of its own kinds come last
			if own(r.Kind) {
				found = found[:i+1]
				break
			}
		}
	}
	if unresolveMany && len(found) > 1 {
		return nil
	}
	refs := make([]offline.Ref, len(found))
	for i, r := range found {
		refs[i] = r.Ref
	}
	return refs
}

// Resolution is how addresses are resolved to records.
type Resolution struct {
	UnresolveMany bool // R-EMAIL-16
	// Holders returns the records that hold a folded address.
	Holders func(addr string) ([]offline.Record, error)
	Picks   offline.Picks // the user's choices
}

// Parties are the people of a message as parties of an email record. One address
// in one role is one party, however often it is written, and so is a mailing
// list or a distribution list, whose members nobody tells us (R-EMAIL-12).
func Parties(m *offline.Message, p Resolution) ([]offline.Party, error) {
	var out []offline.Party
	add := func(role offline.PartyRole, list []offline.Address) error {
		seen := map[string]bool{}
		for _, a := range list {
			addr := offline.Fold(a.Addr)
			if addr == "" || seen[addr] {
				continue
			}
			seen[addr] = true
			rs, err := p.Holders(addr)
			if err != nil {
				return err
			}
			party := offline.Party{Role: role, Address: a}
			if role != offline.RoleSender {
				party.Records = Recipients(rs, p.UnresolveMany, m.Outgoing, p.Picks[addr])
			} else if r := Sender(rs, p.Picks[addr]); !r.IsZero() {
				party.Records = []offline.Ref{r}
			}
			out = append(out, party)
		}
		return nil
	}
	for _, l := range []struct {
		role offline.PartyRole
		list []offline.Address
	}{
		{offline.RoleSender, From(m)},
		{offline.RoleTo, m.To}, {offline.RoleCc, m.Cc}, {offline.RoleBcc, m.Bcc},
	} {
		if err := add(l.role, l.list); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// From is who a message is from, as a list of none or one: the first author,
// or where no author is named the Sender field (RFC 5322 section 3.6.2).
func From(m *offline.Message) []offline.Address {
	for _, a := range m.From {
		if a.Addr != "" {
			return []offline.Address{a}
		}
	}
	if m.Sender.Addr != "" {
		return []offline.Address{m.Sender}
	}
	return nil
}

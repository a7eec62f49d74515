package track

import "postrider/offline"

// senderRank is the order in which the kinds are tried for the sender
// (R-EMAIL-13), of those that Postrider knows.
var senderRank = map[offline.Kind]int{
	offline.KindUser:    1,
	offline.KindContact: 2,
	offline.KindAccount: 3,
	offline.KindLead:    4,
	offline.KindQueue:   5,
}

// Sender picks the one record that a sender's address stands for: the first
// active one in the order of the kinds (R-EMAIL-13), the oldest among equals.
// The zero Ref: none.
func Sender(holders []offline.Record) offline.Ref {
	var best offline.Record
	found := false
	for _, r := range holders {
		rank, ok := senderRank[r.Kind]
		if !ok || !r.Active {
			continue
		}
		if !found || rank < senderRank[best.Kind] || rank == senderRank[best.Kind] && older(r, best) {
			best, found = r, true
		}
	}
	return best.Ref
}

// Recipients are all active records that hold a recipient's address
// (R-EMAIL-14), in a fixed order; none of them where the organization wants an
// ambiguous address left open (R-EMAIL-16).
func Recipients(holders []offline.Record, unresolveMany bool) []offline.Ref {
	var found []offline.Record
	for _, r := range holders {
		if hasAddress(r.Kind) && r.Active {
			found = insert(found, r)
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

func insert(rs []offline.Record, r offline.Record) []offline.Record {
	at := len(rs)
	for i, o := range rs {
		if o.Ref == r.Ref {
			return rs
		}
		if a, b := senderRank[r.Kind], senderRank[o.Kind]; a < b || a == b && older(r, o) {
			at = min(at, i)
		}
	}
	rs = append(rs, r)
	copy(rs[at+1:], rs[at:])
	rs[at] = r
	return rs
}

// older orders records of one kind for good: by creation, then by id.
func older(a, b offline.Record) bool {
	if !a.Created.Equal(b.Created) {
		return a.Created.Before(b.Created)
	}
	return a.ID < b.ID
}

// Parties are the people of a message as parties of an email record. holders
// returns the records that hold an address. One address in one role is one
// party, however often it is written.
func Parties(m *offline.Message, unresolveMany bool, holders func(addr string) ([]offline.Record, error)) ([]offline.Party, error) {
	var out []offline.Party
	add := func(role offline.PartyRole, list []offline.Address) error {
		seen := map[string]bool{}
		for _, a := range list {
			addr := offline.Fold(a.Addr)
			if addr == "" || seen[addr] {
				continue
			}
			seen[addr] = true
			rs, err := holders(addr)
			if err != nil {
				return err
			}
			p := offline.Party{Role: role, Address: a}
			if role != offline.RoleSender {
				p.Records = Recipients(rs, unresolveMany)
			} else if r := Sender(rs); !r.IsZero() {
				p.Records = []offline.Ref{r}
			}
			out = append(out, p)
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

package track

import (
	"slices"
	"strings"
	"unicode"

	"postrider/offline"
)

// Unknown is somebody for whom the CRM has no record yet.
type Unknown struct {
	Kind    offline.Kind // contact or lead
	Address string       // folded
	Fields  offline.Fields
}

// Stranger says for whom a record is made when m is tracked (R-EMAIL-10): its
// sender, where no record, active or not, holds the address.
//
// Sources disagree whether sender or recipients are meant; the sender is chosen,
// because who writes to us exists and means us, while an address that we type may
// be anything. Nobody is made of what the user sent, of mail that a program or a
// mailing list sent, of bounces, and of addresses that say that nobody reads
// them: those are no people. So a distribution list gets no record either
// (R-EMAIL-11 speaks of Outlook's unexpanded lists among the recipients).
func Stranger(m *offline.Message, holders []offline.Record, o offline.Options, ours []string) (Unknown, bool) {
	kind := o.AutoCreate
	if kind != offline.KindContact && kind != offline.KindLead || !o.May(kind) {
		return Unknown{}, false
	}
	from := From(m)
	if m.Outgoing || m.Automatic || m.ListID != "" || m.ContentType == "multipart/report" || len(from) == 0 {
		return Unknown{}, false
	}
	addr := offline.Fold(from[0].Addr)
	if len(holders) > 0 || slices.Contains(ours, addr) || !strings.Contains(addr, "@") || unread(addr) {
		return Unknown{}, false
	}
	first, last := SplitName(from[0])
	f := offline.Fields{"last": last, "email": from[0].Addr}
	if first != "" {
		f["first"] = first
	}
	if kind == offline.KindLead {
		f["topic"] = topic(m.Subject, first, last)
	}
	return Unknown{Kind: kind, Address: addr, Fields: f}, true
}

// unread reports whether an address says that no person reads it.
func unread(addr string) bool {
	local, _, _ := cutLast(addr, "@")
	local = strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' {
			return -1
		}
		return r
	}, local)
	for _, s := range [...]string{"noreply", "donotreply", "nichtantworten", "mailerdaemon", "postmaster", "bounce", "bounces"} {
		if local == s || strings.HasPrefix(local, s+"+") || strings.HasPrefix(local, s+"=") {
			return true
		}
	}
	return strings.HasPrefix(local, "noreply") || strings.HasPrefix(local, "donotreply")
}

// SplitName makes a first and a last name of an address: "Jana Nováková" and
// "Nováková, Jana" are the same person; without a name the part before the @ is
// the last name, because a record needs one.
func SplitName(a offline.Address) (first, last string) {
	name := strings.Map(func(r rune) rune { // no marks that turn the text around
		if unicode.In(r, unicode.Cc, unicode.Cf) && r != '\t' {
			return -1
		}
		return r
	}, a.Name)
	name = strings.Join(strings.Fields(strings.Trim(strings.TrimSpace(name), `"'`)), " ")
	if name == "" || strings.Contains(name, "@") {
		local, rest, ok := cutLast(strings.TrimSpace(a.Addr), "@")
		if !ok {
			local = rest
		}
		return "", local
	}
	if l, f, ok := strings.Cut(name, ","); ok && strings.TrimSpace(l) != "" && strings.TrimSpace(f) != "" {
		return strings.TrimSpace(f), strings.TrimSpace(l)
	}
	f, l, ok := cutLast(name, " ")
	if !ok {
		return "", name
	}
	return f, l
}

// topic is what a lead is about: the message's subject without what mail
// programs put before it.
func topic(subject, first, last string) string {
	t := strings.TrimSpace(Noise("").ReplaceAllString(subject, ""))
	if t == "" {
		t = strings.TrimSpace(first + " " + last)
	}
	return cut(t, 200)
}

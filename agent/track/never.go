package track

import (
	"strings"

	"postrider/offline"
)

// NeverList is the user's never-track list, made ready to be asked. The zero
// NeverList is empty.
type NeverList struct {
	addresses, domains map[string]bool
	folders            map[offline.FolderID]bool
}

// NewNeverList takes in the entries. Addresses and domains are folded; a domain
// may be written with @ or a dot before it.
func NewNeverList(entries []offline.Never) NeverList {
	n := NeverList{map[string]bool{}, map[string]bool{}, map[offline.FolderID]bool{}}
	for _, e := range entries {
		if a := offline.Fold(e.Address); a != "" {
			n.addresses[a] = true
		}
		if d := domainName(e.Domain); d != "" {
			n.domains[d] = true
		}
		if e.Folder != 0 {
			n.folders[e.Folder] = true
		}
	}
	return n
}

func domainName(s string) string { return strings.Trim(offline.Fold(s), "@.") }

// Of returns the entry that keeps a message from being tracked by a rule. A
// message is on the list when it lies in a listed folder; one that came in, when
// its sender is listed; one that the user sent, when all its recipients are: a
// listed colleague in copy does not hide what went to a customer.
func (n NeverList) Of(m *offline.Message) (offline.Never, bool) {
	for _, p := range m.Places {
		if n.folders[p.Folder] {
			return offline.Never{Folder: p.Folder}, true
		}
	}
	if len(n.addresses)+len(n.domains) == 0 {
		return offline.Never{}, false
	}
	if !m.Outgoing {
		for _, a := range m.From {
			if e, ok := n.address(a.Addr); ok {
				return e, true
			}
		}
		return n.address(m.Sender.Addr)
	}
	var first offline.Never
	for _, list := range [...][]offline.Address{m.To, m.Cc, m.Bcc} {
		for _, a := range list {
			if a.Addr == "" {
				continue
			}
			e, ok := n.address(a.Addr)
			if !ok {
				return offline.Never{}, false
			}
			if first == (offline.Never{}) {
				first = e
			}
		}
	}
	return first, first != offline.Never{}
}

// address looks an address up, then its domain and the domains above that.
func (n NeverList) address(addr string) (offline.Never, bool) {
	addr = offline.Fold(addr)
	if addr == "" {
		return offline.Never{}, false
	}
	if n.addresses[addr] {
		return offline.Never{Address: addr}, true
	}
	_, domain, _ := cutLast(addr, "@")
	for domain = strings.TrimSuffix(domain, "."); domain != ""; {
		if n.domains[domain] {
			return offline.Never{Domain: domain}, true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return offline.Never{}, false
}

// cutLast cuts s around the last sep; where there is none, all of s is after.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

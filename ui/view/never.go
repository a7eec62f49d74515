package view

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postrider/offline"
)

// NeverLine is an entry of the never-track list.
type NeverLine struct {
	Never  offline.Never
	Symbol string
	Text   string
	Note   string
}

func neverLines(list []offline.Never, folders []folderFact) []NeverLine {
	lines := make([]NeverLine, 0, len(list))
	for _, n := range list {
		l := NeverLine{Never: n}
		switch {
		case n.Address != "":
			l.Symbol, l.Text, l.Note = "user", OneLine(n.Address, 120), "address"
		case n.Domain != "":
			l.Symbol, l.Text, l.Note = "all", OneLine(n.Domain, 120), "domain, with those below it"
		default:
			l.Symbol, l.Text, l.Note = "folder", fmt.Sprintf("folder %d", n.Folder), "folder, which is gone"
			if i := slices.IndexFunc(folders, func(f folderFact) bool { return f.ID == n.Folder }); i >= 0 {
				l.Text = FolderPath(folders[i].Folder)
				if !folders[i].Missing {
					l.Note = "folder"
				}
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// FolderPath is a folder's whole name for people: "Archive › 2025".
func FolderPath(f offline.Folder) string {
	if f.Role == offline.RoleInbox {
		return "Inbox"
	}
	if f.Delimiter == "" {
		return OneLine(f.Name, 120)
	}
	return OneLine(strings.ReplaceAll(f.Name, f.Delimiter, " › "), 120)
}

// ParseNever reads what a person enters: an address, or a domain with or without
// an @ before it.
func ParseNever(text string) (n offline.Never, err error) {
	s := offline.Fold(text)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	local, domain, at := strings.Cut(s, "@")
	if !at {
		local, domain = "", s
	}
	domain = strings.Trim(domain, ".")
	switch {
	case s == "":
		return n, errors.New("enter an address, such as news@example.com, or a domain, such as example.com")
	case strings.ContainsAny(s, " ,;<>\"") || strings.Count(s, "@") > 1:
		return n, errors.New("enter one address or domain at a time, without a name")
	case domain == "" || !strings.Contains(domain, ".") && local == "":
		return n, fmt.Errorf("“%s” is neither an address, such as news@example.com, nor a domain, such as example.com", text)
	case local != "":
		n.Address = s
	default:
		n.Domain = domain
	}
	return n, nil
}

// AddNever puts an entry on the never-track list. It says at once where that is
// none.
func (d *Desk) AddNever(text string) error {
	n, err := ParseNever(text)
	if err != nil {
		return err
	}
	if slices.Contains(d.Tracking.force.rules.Never, n) {
		return errors.New("that is on the list already")
	}
	d.never(n)
	return nil
}

// AddNeverFolder puts a folder on the never-track list.
func (d *Desk) AddNeverFolder(id offline.FolderID) { d.never(offline.Never{Folder: id}) }

func (d *Desk) never(n offline.Never) {
	d.changeRules("No rule tracks mail "+neverWords(n)+" any more", func(r *offline.Rules) {
		if !slices.Contains(r.Never, n) {
			r.Never = append(slices.Clone(r.Never), n)
		}
	})
	d.Tracking.refreshAfter()
}

func neverWords(n offline.Never) string {
	switch {
	case n.Address != "":
		return "from " + n.Address
	case n.Domain != "":
		return "from anybody at " + n.Domain
	}
	return "in this folder"
}

// RemoveNever takes an entry off the never-track list.
func (d *Desk) RemoveNever(l NeverLine) {
	d.changeRules(l.Text+" is off the never-track list", func(r *offline.Rules) {
		r.Never = slices.DeleteFunc(slices.Clone(r.Never), func(n offline.Never) bool { return n == l.Never })
	})
	d.Tracking.refreshAfter()
}

// NeverOffer is what can be done about the never-track list from a message.
type NeverOffer struct {
	Text  string
	Never offline.Never
	Off   bool // it is on the list, and can be taken off
}

// neverOffers are those for the person that a message is from.
func neverOffers(rules offline.Rules, m offline.Message) []NeverOffer {
	addr := offline.Fold(correspondent(m))
	_, domain, ok := strings.Cut(addr, "@")
	if m.Outgoing || !ok || domain == "" {
		return nil
	}
	offers := []NeverOffer{
		{Text: "Never track mail from " + OneLine(addr, 60), Never: offline.Never{Address: addr}},
		{Text: "Never track mail from anybody at " + OneLine(domain, 60), Never: offline.Never{Domain: domain}},
	}
	for i := range offers {
		o := &offers[i]
		if slices.Contains(rules.Never, o.Never) {
			o.Off, o.Text = true, "Take "+OneLine(o.Never.Address+o.Never.Domain, 60)+" off the never-track list"
		}
	}
	return offers
}

// TakeNever carries out an offer.
func (d *Desk) TakeNever(o NeverOffer) {
	if o.Off {
		d.RemoveNever(NeverLine{Never: o.Never, Text: o.Never.Address + o.Never.Domain})
		return
	}
	d.never(o.Never)
}

package agent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/agent/book"
	"postrider/offline"
)

const (
	searchLimit = 50 // what a search brings at most
	maxRecent   = 30 // records that are remembered as used last
	// searchPatience is how long somebody who types waits for the CRM.
	searchPatience = 5 * time.Second
)

// standardTables are the kinds of record that an email can be about in every
// organization, as people call them.
var standardTables = []offline.Table{
	{Kind: offline.KindAccount, Label: "Account", Plural: "Accounts", Regarding: true, Addresses: true},
	{Kind: offline.KindContact, Label: "Contact", Plural: "Contacts", Regarding: true, Addresses: true},
	{Kind: offline.KindLead, Label: "Lead", Plural: "Leads", Regarding: true, Addresses: true},
	{Kind: offline.KindOpportunity, Label: "Opportunity", Plural: "Opportunities", Regarding: true},
	{Kind: offline.KindCase, Label: "Case", Plural: "Cases", Regarding: true},
}

// RegardingKinds are the kinds of record that an email can be about
// (R-REGARDING-01): the standard ones, and the organization's own tables that
// activities are enabled for.
func (a *Agent) RegardingKinds() []offline.Table {
	out := slices.Clone(standardTables)
	for _, t := range a.me().Options.Tables {
		if t.Regarding {
			out = append(out, t)
		}
	}
	return out
}

// used notes that something was made about a record, which is then offered
// first. The zero Ref is nothing to note.
func used(tx *offline.Tx, r offline.Ref) error {
	if r.IsZero() {
		return nil
	}
	var recent []offline.Ref
	if _, err := tx.Setting(settingRecent, &recent); err != nil || len(recent) > 0 && recent[0] == r {
		return err
	}
	recent = slices.DeleteFunc(recent, func(o offline.Ref) bool { return o == r })
	recent = slices.Insert(recent, 0, r)
	return tx.PutSetting(settingRecent, recent[:min(len(recent), maxRecent)])
}

// Used notes that something was made about a record, which is then offered
// first. Track, SetRegarding and CreateFrom note it themselves.
func (a *Agent) Used(r offline.Ref) error {
	return a.Store.Update(func(tx *offline.Tx) error { return used(tx, r) })
}

// Recent are the active records of these kinds that something was made about,
// the last one first.
func (a *Agent) Recent(kinds []offline.Kind) (found []offline.Record, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		var refs []offline.Ref
		if _, err := tx.Setting(settingRecent, &refs); err != nil {
			return err
		}
		for _, ref := range refs {
			r, err := tx.Record(ref)
			if ignoreMissing(err) != nil {
				return err
			}
			if err == nil && r.Active && slices.Contains(kinds, r.Kind) {
				found = append(found, r)
			}
		}
		return nil
	})
	return found, err
}

// Search finds active records by the beginnings of words of their name, company,
// address or number, whatever the case and diacritics: first those that
// messages were made about lately, then what is known here, the ones changed
// last first, then what the CRM adds. Where the CRM can't be asked it is what is
// known here, together with the error. Without any text it is what was used or changed last, and the
// CRM is not asked.
func (a *Agent) Search(ctx context.Context, text string, kinds []offline.Kind) ([]offline.Record, error) {
	found, err := a.SearchHere(text, kinds)
	if err != nil || len(found) >= searchLimit || strings.TrimSpace(text) == "" {
		return found, err
	}
	ctx, cancel := context.WithTimeout(ctx, searchPatience)
	defer cancel()
	more, err := a.CRM.Search(ctx, text, kinds, searchLimit)
	if err != nil {
		return found, fmt.Errorf("search the CRM: %w", err)
	}
	for _, r := range more {
		if !slices.ContainsFunc(found, func(f offline.Record) bool { return f.Ref == r.Ref }) {
			found = append(found, r)
		}
	}
	return found[:min(len(found), searchLimit)], nil
}

// SearchHere is Search without the CRM. It answers at once, so that it can be
// asked at every key.
func (a *Agent) SearchHere(text string, kinds []offline.Kind) (found []offline.Record, err error) {
	words := book.Words(text)
	if len(words) == 0 && strings.TrimSpace(text) != "" {
		return nil, nil
	}
	a.book.mu.Lock()
	ready := a.book.filled && a.book.behind <= maxSteps && !slices.ContainsFunc(kinds, func(k offline.Kind) bool { return !slices.Contains(a.book.scope.About, k) })
	a.book.mu.Unlock()
	err = a.Store.View(func(tx *offline.Tx) error {
		var refs []offline.Ref
		if _, err := tx.Setting(settingRecent, &refs); err != nil {
			return err
		}
		recent := len(refs)
		if ready {
			refs = append(refs, a.book.book.Find(text, kinds, searchLimit)...)
		}
		for i, ref := range refs {
			r, err := tx.Record(ref)
			if ignoreMissing(err) != nil {
				return err
			}
			if err != nil || !slices.Contains(kinds, r.Kind) || !r.Active || i < recent && !a.hasWords(tx, &r, words) ||
				slices.ContainsFunc(found, func(f offline.Record) bool { return f.Ref == r.Ref }) {
				continue
			}
			found = append(found, r)
		}
		if !ready {
			return a.scan(tx, words, kinds, &found)
		}
		return nil
	})
	return found[:min(len(found), searchLimit)], err
}

// scan looks through the whole store; for as long as the book is not filled.
func (a *Agent) scan(tx *offline.Tx, words []string, kinds []offline.Kind, found *[]offline.Record) error {
	known := len(*found)
	for _, k := range kinds {
		err := tx.Records(k, func(r offline.Record) bool {
			if r.Active && a.hasWords(tx, &r, words) && !slices.ContainsFunc((*found)[:known], func(f offline.Record) bool { return f.Ref == r.Ref }) {
				*found = append(*found, r)
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	begins := func(r offline.Record) int {
		if has := book.Words(r.Name); len(words) > 0 && len(has) > 0 && strings.HasPrefix(has[0], words[0]) {
			return 0
		}
		return 1
	}
	slices.SortFunc((*found)[known:], func(x, y offline.Record) int {
		return cmp.Or(cmp.Compare(begins(x), begins(y)), y.Changed.Compare(x.Changed), strings.Compare(x.Name, y.Name), strings.Compare(x.ID, y.ID))
	})
	return nil
}

// hasWords reports whether each of words begins a word by which the record is
// found.
func (a *Agent) hasWords(tx *offline.Tx, r *offline.Record, words []string) bool {
	if len(words) == 0 {
		return true
	}
	company := r.Fields["company"]
	if company == "" && !r.Parent.IsZero() {
		if p, err := tx.Record(r.Parent); err == nil && p.Kind == offline.KindAccount {
			company = p.Name
		}
	}
	has := book.Words(strings.Join(append([]string{r.Name, company, r.Fields["number"]}, r.Addrs...), " "))
	return !slices.ContainsFunc(words, func(w string) bool {
		return !slices.ContainsFunc(has, func(h string) bool { return strings.HasPrefix(h, w) })
	})
}

// RecordURL is the address of a record's page in the CRM for a browser
// (R-REGARDING-09); "" where it has none.
func (a *Agent) RecordURL(r offline.Ref) string {
	if a.Pages == nil {
		return ""
	}
	return a.Pages.RecordURL(r)
}

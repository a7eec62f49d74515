package agent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"postrider/agent/merge"
	"postrider/offline"
)

// FirstContact is what the first sync of a kind would do, before it does it.
type FirstContact struct {
	Kind      offline.Kind  `json:"kind"`
	Confirmed bool          `json:"confirmed"`
	Unread    []string      `json:"unread,omitempty"` // names of what is to be read first: until then there is nothing to confirm
	Links     []merge.Pair  `json:"links,omitempty"`  // recognised as the same thing
	Down      []offline.Ref `json:"down,omitempty"`   // records that would be put into the user's calendars or address books
	Up        []uint64      `json:"up,omitempty"`     // items of which records would be made
	Ambiguous []merge.Group `json:"ambiguous,omitempty"`
	// Alone is how many items have nothing like them in the CRM and stay here.
	Alone int `json:"alone"`
}

// FirstContacts tells of each kind what the first contact of the user's calendars
// and address books with the CRM comes to; of one that was confirmed nothing but
// that, and nothing of one that there is no calendar or address book for. It asks no
// server.
func (a *Agent) FirstContacts() (all []FirstContact, err error) {
	if !a.itemsOn() || a.ItemCRM == nil {
		return nil, nil
	}
	err = a.Store.View(func(tx *offline.Tx) error {
		p := &planner{a: a, tx: tx, me: a.me(), now: a.Now().UTC()}
		if err := p.learn(); err != nil {
			return err
		}
		for _, k := range offline.ItemKinds {
			if there, err := a.hasPlace(tx, k); err != nil || !there {
				if err != nil {
					return err
				}
				continue
			}
			f, err := p.firstContact(k)
			if err != nil {
				return err
			}
			all = append(all, f)
		}
		return nil
	})
	return all, err
}

// hasPlace reports whether there is a calendar, task list or address book for a
// kind, or nobody knows yet: where there is none the two sides have not met.
func (a *Agent) hasPlace(tx *offline.Tx, kind offline.Kind) (bool, error) {
	all, err := tx.Collections()
	for _, acct := range a.Accounts {
		if err != nil || !slices.Contains(acct.Kinds, kind) {
			continue
		}
		var at time.Time
		if at, err = lastListed(tx, &acct); at.IsZero() {
			return err == nil, err
		}
		for _, c := range all {
			if c.Account == acct.Name && c.Holds(kind) && !c.Off && !c.Missing {
				return true, nil
			}
		}
	}
	return false, err
}

func (p *planner) firstContact(kind offline.Kind) (FirstContact, error) {
	f := FirstContact{Kind: kind, Confirmed: p.confirmed[kind]}
	if f.Confirmed {
		return f, nil
	}
	var items []merge.ItemSide
	goesUp := map[uint64]bool{}
	whole := map[string]bool{}
	all, err := p.tx.Collections()
	if err != nil {
		return f, err
	}
	if f.Unread, err = p.unread(kind, all); err != nil || len(f.Unread) > 0 {
		return f, err
	}
	for _, c := range all {
		whole[c.URL] = c.Track
	}
	marked := map[offline.Ref]bool{}
	err = p.tx.Items(func(it *offline.Item) bool {
		if it.Kind != kind || it.Gone || len(it.Raw) == 0 {
			return true
		}
		if _, err := p.tx.ItemLink(it.Key); err == nil {
			return true
		}
		if it.Mark.Org == p.me.Organization && !it.Mark.Record.IsZero() {
			marked[it.Mark.Record] = true
			return true
		}
		items = append(items, merge.ItemSide{Key: it.Key, UID: it.UID, Kind: kind, Fields: it.Now()})
		goesUp[it.Key] = merge.GoesUp(merge.Candidate{Fields: it.Now(), ByHand: it.Track.State == offline.Waiting, Whole: whole[it.Collection], Problem: it.Problem}) != merge.WishNone
		return true
	})
	if err != nil {
		return f, err
	}
	var records []merge.RecordSide
	for _, k := range recordKindsOf(kind) {
		err = errors.Join(err, p.tx.Records(k, func(r offline.Record) bool {
			if r.Item == nil || marked[r.Ref] || r.Item.State != offline.RecordOpen || !p.member(r.Ref) {
				return true
			}
			if _, err := p.tx.ItemLinkByRecord(r.Ref); err == nil {
				return true
			}
			records = append(records, merge.RecordSide{Ref: r.Ref, GlobalID: r.Item.GlobalID, Fields: r.Item.Fields})
			return true
		}))
	}
	m := merge.Match(items, records, p.a.zone())
	f.Links, f.Ambiguous = m.Links, m.Ambiguous
	p.rest(&f, items, records, goesUp)
	return f, err
}

// unread are the accounts with things of a kind of which nobody knows yet what is
// there, and the collections that have not been read: a first contact without them
// would double what is in them.
func (p *planner) unread(kind offline.Kind, all []offline.Collection) (names []string, err error) {
	for _, acct := range p.a.Accounts {
		if !slices.Contains(acct.Kinds, kind) {
			continue
		}
		at, err := lastListed(p.tx, &acct)
		if err != nil {
			return nil, err
		}
		if at.IsZero() {
			names = append(names, "["+acct.Name+"]")
		}
		for _, c := range all {
			if c.Account == acct.Name && c.Holds(kind) && !c.Off && !c.Missing && c.Cursor == (offline.CollectionCursor{}) {
				names = append(names, c.Name)
			}
		}
	}
	for _, k := range recordKindsOf(kind) {
		c, err := p.tx.CRMCursor(k)
		if err != nil {
			return nil, err
		}
		if c.At.IsZero() && !c.Denied || c.Next != "" {
			return append(names, "the CRM"), nil
		}
	}
	return names, nil
}

func recordKindsOf(kind offline.Kind) []offline.Kind {
	if kind == offline.KindAppointment {
		return []offline.Kind{offline.KindAppointment, offline.KindSeries}
	}
	return []offline.Kind{kind}
}

// rest sorts what has nothing like it on the other side.
func (p *planner) rest(f *FirstContact, items []merge.ItemSide, records []merge.RecordSide, goesUp map[uint64]bool) {
	met, taken := map[uint64]bool{}, map[offline.Ref]bool{}
	for _, l := range f.Links {
		met[l.Item], taken[l.Record] = true, true
	}
	for _, g := range f.Ambiguous {
		for _, k := range g.Items {
			met[k] = true
		}
		for _, r := range g.Records {
			taken[r] = true
		}
	}
	for _, i := range items {
		switch {
		case met[i.Key]:
		case goesUp[i.Key]:
			f.Up = append(f.Up, i.Key)
		default:
			f.Alone++
		}
	}
	for _, r := range records {
		if !taken[r.Ref] {
			f.Down = append(f.Down, r.Ref)
		}
	}
}

// firstContacts confirms by itself the first contact of kinds where there is
// nothing to ask: one of the sides has nothing, or all are pairs by their ids.
func (a *Agent) firstContacts(behind []offline.Kind) error {
	all, err := a.FirstContacts()
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.Confirmed || len(f.Unread) > 0 || slices.Contains(behind, f.Kind) || len(f.Links)+len(f.Ambiguous) > 0 || len(f.Up)+f.Alone > 0 && len(f.Down) > 0 {
			continue
		}
		if err := a.ConfirmFirstContact([]offline.Kind{f.Kind}, nil); err != nil {
			return err
		}
	}
	return nil
}

// ConfirmFirstContact starts the sync of kinds that have been read: what was
// recognised is linked, and pairs that the user made by hand are. What is ambiguous
// stays apart until the user pairs or parts it.
func (a *Agent) ConfirmFirstContact(kinds []offline.Kind, byHand []merge.Pair) error {
	all, err := a.FirstContacts()
	if err != nil {
		return err
	}
	now := a.Now().UTC()
	err = a.Store.Update(func(tx *offline.Tx) error {
		var apart []merge.Group
		if _, err := tx.Setting(settingApart, &apart); err != nil {
			return err
		}
		for _, f := range all {
			if f.Confirmed || len(f.Unread) > 0 || !slices.Contains(kinds, f.Kind) {
				continue
			}
			for _, l := range append(f.Links, byHand...) {
				if k, _ := offline.ItemKind(l.Record.Kind); k != f.Kind {
					continue
				}
				if err := errors.Join(pairUp(tx, l.Item, l.Record, true, now), tx.UndecideItem(l.Item)); err != nil {
					return fmt.Errorf("link an item: %w", err)
				}
			}
			apart = append(apart, f.Ambiguous...)
			if err := tx.PutSetting(settingConfirmed+":"+string(f.Kind), true); err != nil {
				return err
			}
		}
		return tx.PutSetting(settingApart, without(apart, byHand))
	})
	if err == nil {
		trigger(a.wakeSync)
	}
	return err
}

// without takes what the user paired out of the groups; what is then alone in its
// group is apart no longer.
func without(apart []merge.Group, pairs []merge.Pair) (out []merge.Group) {
	for _, g := range apart {
		for _, p := range pairs {
			g.Items = slices.DeleteFunc(slices.Clone(g.Items), func(k uint64) bool { return k == p.Item })
			g.Records = slices.DeleteFunc(slices.Clone(g.Records), func(r offline.Ref) bool { return r == p.Record })
		}
		if len(g.Items) > 0 && len(g.Records) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// Apart are the groups that wait for the user to pair or part them.
func (a *Agent) Apart() (groups []merge.Group, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { _, err := tx.Setting(settingApart, &groups); return err })
	return groups, err
}

// Pair links an item and a record of such a group; Part says that what is left of
// the item's group, or the record's, are different things.
func (a *Agent) Pair(p merge.Pair) error {
	return a.apart(func(tx *offline.Tx, groups []merge.Group) ([]merge.Group, error) {
		if err := errors.Join(pairUp(tx, p.Item, p.Record, true, a.Now().UTC()), tx.UndecideItem(p.Item)); err != nil {
			return nil, err
		}
		return without(groups, []merge.Pair{p}), nil
	})
}

// Part says that the things of a group are different ones.
func (a *Agent) Part(g merge.Group) error {
	return a.apart(func(tx *offline.Tx, groups []merge.Group) ([]merge.Group, error) {
		return slices.DeleteFunc(groups, func(o merge.Group) bool {
			return slices.Equal(o.Items, g.Items) && slices.Equal(o.Records, g.Records)
		}), nil
	})
}

func (a *Agent) apart(change func(*offline.Tx, []merge.Group) ([]merge.Group, error)) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		var groups []merge.Group
		if _, err := tx.Setting(settingApart, &groups); err != nil {
			return err
		}
		before := slices.Clone(groups)
		after, err := change(tx, groups)
		if err != nil {
			return err
		}
		for _, g := range before { // what is apart no longer is decided anew
			for _, k := range g.Items {
				err = errors.Join(err, ignoreMissing(tx.UndecideItem(k)))
			}
			for _, r := range g.Records {
				err = errors.Join(err, tx.UndecideRecord(r))
			}
		}
		return errors.Join(err, tx.PutSetting(settingApart, after))
	})
	if err == nil {
		trigger(a.wakeSync)
	}
	return err
}

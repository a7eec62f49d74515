package agent

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"postrider/agent/merge"
	"postrider/offline"
)

// planner plans one round, from what the store says at one moment.
type planner struct {
	a         *Agent
	tx        *offline.Tx
	me        offline.User
	now       time.Time
	behind    []offline.Kind
	prefer    merge.Prefer
	limits    offline.FieldLimits
	confirmed map[offline.Kind]bool
	members   map[offline.Kind]offline.Members
	apart     []merge.Group
	mayGo     []uint64 // items whose deletion the user confirmed
	held      []offline.HeldDeletion
	asked     map[uint64]bool // items with a conflict that the user is asked about
	first     map[offline.Kind]FirstContact
	byUID     map[string]offline.Ref // of appointments and series in the CRM
	derived   map[offline.Ref]uint64 // items by the record that anybody's Postrider makes of them
	out       plans
	goings    []going // deletions, which may be too many at once
}

// planItems plans what is undecided, except of the kinds that are behind. tries
// counts how often each item has been planned for.
func (a *Agent) planItems(tries map[uint64]int, behind []offline.Kind) (*plans, error) {
	var p *planner
	err := a.Store.View(func(tx *offline.Tx) error {
		p = &planner{a: a, tx: tx, me: a.me(), now: a.Now().UTC(), behind: behind}
		if err := p.learn(); err != nil {
			return err
		}
		items, records, err := tx.Undecided()
		if err != nil {
			return err
		}
		if err := p.derive(items); err != nil {
			return err
		}
		for i := range records {
			if err := p.record(&records[i]); err != nil {
				return err
			}
		}
		for _, key := range items {
			if len(p.out.all) >= itemBatch {
				break
			}
			if tries[key] >= itemTries {
				continue
			}
			if err := p.item(key); err != nil {
				return err
			}
		}
		return p.hold()
	})
	if err != nil {
		return nil, err
	}
	for _, x := range p.out.all {
		tries[x.item]++
	}
	p.out.tries = tries
	return &p.out, nil
}

// derive finds which records are made, or would be, of the items that are not
// decided yet: another Postrider may have made one that bears no mark so far.
func (p *planner) derive(items []uint64) error {
	p.derived = map[offline.Ref]uint64{}
	for _, key := range items {
		it, err := p.tx.Item(key)
		if err != nil {
			return err
		}
		if _, err := p.tx.ItemLink(key); err == nil || it.Gone || it.UID == "" {
			continue
		}
		k := recordKind(&it)
		p.derived[offline.Ref{Kind: k, ID: p.recordID(k, it.UID)}] = key
	}
	return nil
}

func (p *planner) learn() error {
	var l itemLimits
	p.members = map[offline.Kind]offline.Members{}
	_, err := p.tx.Setting(settingItemLimits, &l)
	p.limits = l.Limits
	confirmed, e := confirmedKinds(p.tx)
	p.confirmed, err = confirmed, errors.Join(err, e)
	for _, k := range memberKinds {
		var m offline.Members
		_, e := p.tx.Setting(offline.SettingMembers(k), &m)
		p.members[k] = m
		err = errors.Join(err, e)
	}
	for name, v := range map[string]any{settingPrefer: &p.prefer, settingApart: &p.apart, settingConfirmGone: &p.mayGo} {
		_, e := p.tx.Setting(name, v)
		err = errors.Join(err, e)
	}
	held, e := p.tx.HeldDeletions()
	p.held = held
	known, e2 := p.tx.Conflicts()
	p.asked = map[uint64]bool{}
	for _, c := range known {
		if c.Winner == "" {
			p.asked[c.Item] = true
		}
	}
	return errors.Join(err, e, e2)
}

func (p *planner) member(r offline.Ref) bool { return p.members[r.Kind].Has(r.ID) }

// options are those of the merge of a pair.
func (p *planner) options(kind offline.Kind, it *offline.Item, rec *offline.Record) (merge.Options, error) {
	o := merge.Options{Limits: p.limits[kind], Prefer: p.prefer, ItemChanged: it.Changed, ThreeAddresses: p.me.Options.ThreeAddresses, Company: p.me.Options.Company}
	if rec != nil && rec.Item != nil {
		o.RecordChanged, o.Closed = rec.Changed, rec.Item.State == offline.RecordCompleted || rec.Item.State == offline.RecordCanceled
	}
	if by := it.Fields[offline.WordOrganizer]; by != "" {
		addr, _, _ := strings.Cut(by, " ")
		known, err := p.tx.RecordsByAddress(addr)
		if err != nil {
			return o, err
		}
		o.Guest = slices.ContainsFunc(known, func(r offline.Record) bool { return r.Kind == offline.KindUser && r.ID != p.me.ID })
	}
	return o, nil
}

// add plans something.
func (p *planner) add(x plan) { p.out.all = append(p.out.all, x) }

// decided plans that nothing more is to be done about an item for now.
func (p *planner) decided(it *offline.Item, do func(*offline.Tx) error) {
	key := it.Key
	p.add(plan{item: key, kind: it.Kind, local: func(tx *offline.Tx) error {
		if do != nil {
			if err := do(tx); err != nil {
				return err
			}
		}
		return tx.Decided(key)
	}})
}

// recordKind is the kind of the record that an item has.
func recordKind(it *offline.Item) offline.Kind {
	if it.Kind == offline.KindAppointment && it.Now()[offline.WordRecurrence] != "" {
		return offline.KindSeries
	}
	return it.Kind
}

// recordID is the id of the record of an item: the same whoever makes it, so that
// two Postriders can't make two of it.
func (p *planner) recordID(kind offline.Kind, uid string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("postrider:"+p.me.Organization+":"+string(kind)+":"+uid)).String()
}

// item plans what is to be done about an item.
func (p *planner) item(key uint64) error {
	it, err := p.tx.Item(key)
	if err != nil {
		return ignoreMissing(err)
	}
	if slices.Contains(p.behind, it.Kind) {
		return nil
	}
	link, err := p.tx.ItemLink(key)
	linked := err == nil
	if ignoreMissing(err) != nil {
		return err
	}
	switch {
	case it.Gone && !linked:
		p.goneForGood(&it)
		return nil
	case it.Gone:
		return p.itemGone(&it, &link)
	case linked && !link.Gone && it.ETag == "" && len(it.Raw) == 0:
		// It was to be written, and that may have got through: then it is there, if
		// not moved elsewhere since.
		if moved, err := p.moved(&it, &link); moved || err != nil {
			return err
		}
		return p.pair(&it, &link)
	case it.Edits[wordDeleted] != "":
		return p.deletion(&it)
	case linked && link.Gone:
		return p.recordGone(&it, &link)
	case linked:
		return p.pair(&it, &link)
	}
	return p.alone(&it)
}

// pair plans for an item and its record.
func (p *planner) pair(it *offline.Item, link *offline.ItemLink) error {
	rec, err := p.tx.Record(link.Record)
	switch {
	case errors.Is(err, offline.ErrNotFound) && link.ETag == "":
		return p.make(it, link)
	case errors.Is(err, offline.ErrNotFound), err == nil && rec.Item == nil:
		p.decided(it, nil) // it is not read yet, or can't be
		return nil
	case err != nil:
		return err
	}
	if link.Member && !p.member(rec.Ref) && rec.Item.State == offline.RecordOpen && !p.members[rec.Kind].At.IsZero() {
		return p.left(it, link)
	}
	if it.Problem != "" {
		reason := "It stays as it is in the CRM: " + it.Problem + "."
		p.decided(it, func(tx *offline.Tx) error { return setTrack(tx, it.Key, offline.Failed, reason, p.now) })
		return nil
	}
	if recordKind(it) != rec.Kind {
		return p.remake(it, link, &rec)
	}
	o, err := p.options(rec.Kind, it, &rec)
	if err != nil {
		return err
	}
	res := merge.Merge(rec.Kind, link.Base, meant(it, link), rec.Item.Fields, o)
	x := plan{item: it.Key, kind: it.Kind}
	words := p.wordsFor(it, res.ToItem)
	mark := p.markFor(it, link, rec.Ref)
	if all := append(overtaken(it), res.Conflicts...); len(all) > 0 || p.asked[it.Key] {
		x.local = func(tx *offline.Tx) error { return p.conflicts(tx, it, rec.Ref, all) }
	}
	if len(res.ToRecord) > 0 {
		if x.crm, err = p.update(it, &rec, res.ToRecord); err != nil {
			return err
		}
		x.crmDone = func(tx *offline.Tx, out offline.Outcome) error { return p.updated(tx, it.Key, res, out) }
	}
	if len(words) > 0 || mark != it.Mark {
		if x.dav, err = p.put(it, words, mark); err != nil {
			return err
		}
		if x.dav != nil {
			x.davDone = func(tx *offline.Tx, _ offline.Item) error {
				return moveBase(tx, it.Key, res.ToItem, res.Base)
			}
		}
	}
	if x.crm == nil && x.dav == nil {
		p.settle(it, link, &rec, res, x.local)
		return nil
	}
	p.add(x)
	return nil
}

// wordsFor are the words to write to an item: what the merge wants, what the user
// wrote in Postrider, and the category that says that it is tracked.
func (p *planner) wordsFor(it *offline.Item, to offline.Fields) offline.Fields {
	words := maps.Clone(it.Edits)
	if words == nil {
		words = offline.Fields{}
	}
	maps.Copy(words, to)
	now := it.Now()
	if c, ok := merge.Tracked(now); ok {
		words[offline.WordCategories] = c
	}
	return words
}

// overtaken are the words that the user wrote here while another program changed
// them otherwise. What was written here holds; the other value is kept.
func overtaken(it *offline.Item) (all []merge.Clash) {
	for w, v := range it.Edits {
		if now := it.Fields[w]; len(it.Raw) > 0 && now != it.Seen[w] && now != v {
			all = append(all, merge.Clash{Word: w, Base: it.Seen[w], Mine: v, Theirs: now, Winner: offline.SideItem})
		}
	}
	return all
}

// markFor is the mark that an item is to bear. Those of other organizations are
// left alone, and a server that drops marks is not given them again and again.
func (p *planner) markFor(it *offline.Item, link *offline.ItemLink, r offline.Ref) offline.Mark {
	want := offline.Mark{Org: p.me.Organization, Record: r}
	if it.Mark == want || link.Marked && it.Mark.Org == "" || it.Mark.Org != "" && it.Mark.Org != p.me.Organization {
		return it.Mark
	}
	return want
}

// put is a write to the directory; nil where its collection can't be written.
func (p *planner) put(it *offline.Item, words offline.Fields, mark offline.Mark) (*davWrite, error) {
	c, err := p.tx.Collection(it.Collection)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	if c.ReadOnly || c.Missing || c.Off {
		return nil, nil
	}
	w := &davWrite{item: *it, words: words}
	if w.item.Raw, err = p.a.ItemText.Edit(it.Kind, it.Raw, it.UID, words, mark, p.a.zone()); err != nil {
		return nil, err
	}
	return w, nil
}

// settle plans that a pair agrees, as far as it can; noted, if not nil, is done with
// it.
func (p *planner) settle(it *offline.Item, link *offline.ItemLink, rec *offline.Record, res merge.Result, noted func(*offline.Tx) error) {
	l := *link
	l.Base, l.ETag, l.Member = res.Now, rec.ETag, p.member(rec.Ref)
	l.Owned, l.Closed = rec.Owner.ID == p.me.ID, rec.Item.State != offline.RecordOpen
	cut := ""
	if len(res.Cut) > 0 {
		cut = "Longer than the CRM takes, and cut there: " + strings.Join(res.Cut, ", ") + "."
	}
	p.decided(it, func(tx *offline.Tx) error {
		if noted != nil {
			if err := noted(tx); err != nil {
				return err
			}
		}
		if !sameLink(&l, link) {
			if err := tx.PutItemLink(&l); err != nil {
				return err
			}
		}
		return setTrack(tx, it.Key, offline.Tracked, cut, p.now)
	})
}

func sameLink(a, b *offline.ItemLink) bool {
	return a.ETag == b.ETag && a.Member == b.Member && a.Owned == b.Owned && a.Closed == b.Closed && maps.Equal(a.Base, b.Base)
}

// setTrack notes the state of an item, where it is another one.
func setTrack(tx *offline.Tx, key uint64, s offline.State, reason string, now time.Time) error {
	it, err := tx.Item(key)
	if err != nil {
		return ignoreMissing(err)
	}
	l, err := tx.ItemLink(key)
	if ignoreMissing(err) != nil {
		return err
	}
	if it.Track.State == s && it.Track.Reason == reason && it.Track.Record == l.Record {
		return nil
	}
	it.Track.State, it.Track.Since, it.Track.Reason, it.Track.Record = s, now, reason, l.Record
	return tx.PutItem(&it)
}

package agent

import (
	"maps"
	"slices"
	"strings"
	"time"

	"postrider/agent/merge"
	"postrider/offline"
)

// alone plans for an item that has no record: it may be the half of a pair that is
// not known yet, or a copy, or go up, or stay what it is.
func (p *planner) alone(it *offline.Item) error {
	if moved, err := p.fromLost(it); moved || err != nil {
		return err
	}
	if mine := it.Mark.Org == p.me.Organization && p.me.Organization != ""; mine && !it.Mark.Record.IsZero() {
		done, err := p.marked(it)
		if done || err != nil {
			return err
		}
	}
	if r, ok := p.madeOf(it); ok {
		p.linkUp(it, r)
		return nil
	}
	if p.isApart(it.Key, offline.Ref{}) {
		return p.edited(it)
	}
	if !p.confirmed[it.Kind] {
		if ready, err := p.before(it); err != nil || !ready {
			return err
		}
	}
	if r, ok, err := p.recordOf(it); err != nil || ok {
		if ok {
			p.linkUp(it, r)
		}
		return err
	}
	c, err := p.tx.Collection(it.Collection)
	if ignoreMissing(err) != nil {
		return err
	}
	untracked := it.Mark.Org == p.me.Organization && it.Mark.Org != "" && it.Mark.Record.IsZero()
	wish := merge.GoesUp(merge.Candidate{Fields: it.Now(), ByHand: it.Track.State == offline.Waiting && it.Track.Cause == offline.CauseUser,
		Refused: it.Track.Declined || untracked, Whole: c.Track, Problem: it.Problem})
	if wish == merge.WishNone {
		return p.stays(it)
	}
	kind := recordKind(it)
	r := offline.Ref{Kind: kind, ID: p.recordID(kind, it.UID)}
	cause := map[merge.Wish]offline.Cause{merge.WishHand: offline.CauseUser, merge.WishCategory: offline.CauseKeyword, merge.WishCollection: offline.CauseFolder}[wish]
	key := it.Key
	p.add(plan{item: key, kind: it.Kind, local: func(tx *offline.Tx) error {
		if _, err := tx.ItemLinkByRecord(r); err == nil {
			return tx.Decided(key) // another copy of it goes up
		}
		now, err := tx.Item(key)
		if err != nil {
			return ignoreMissing(err)
		}
		now.Track = offline.Tracking{State: offline.Waiting, Since: p.now, Cause: cause, Record: r, Regarding: now.Track.Regarding}
		if err := tx.PutItem(&now); err != nil {
			return err
		}
		return tx.PutItemLink(&offline.ItemLink{Item: key, Record: r, At: p.now})
	}})
	return nil
}

// before plans for an item before the first contact of its kind is confirmed. ready:
// the user wants it tracked, and there is nothing like it in the CRM.
func (p *planner) before(it *offline.Item) (ready bool, err error) {
	if it.Track.State != offline.Waiting || it.Track.Cause != offline.CauseUser {
		return false, p.edited(it)
	}
	f, ok := p.first[it.Kind]
	if !ok {
		if f, err = p.firstContact(it.Kind); err != nil {
			return false, err
		}
		if p.first == nil {
			p.first = map[offline.Kind]FirstContact{}
		}
		p.first[it.Kind] = f
	}
	for _, l := range f.Links {
		if l.Item == it.Key {
			p.linkUp(it, l.Record)
			return false, nil
		}
	}
	if len(f.Unread) > 0 || slices.ContainsFunc(f.Ambiguous, func(g merge.Group) bool { return slices.Contains(g.Items, it.Key) }) {
		return false, p.edited(it)
	}
	return true, nil
}

// madeOf is the record that another Postrider has made of an item.
func (p *planner) madeOf(it *offline.Item) (offline.Ref, bool) {
	k := recordKind(it)
	r := offline.Ref{Kind: k, ID: p.recordID(k, it.UID)}
	if it.UID == "" || it.Track.Declined || it.Mark.Org != "" {
		return r, false
	}
	rec, err := p.tx.Record(r)
	if err != nil || rec.Item == nil {
		return r, false
	}
	_, err = p.tx.ItemLinkByRecord(r)
	return r, err != nil
}

// marked plans for an item that names its record. done: that is all there is to
// plan.
func (p *planner) marked(it *offline.Item) (done bool, err error) {
	if l, err := p.tx.ItemLinkByRecord(it.Mark.Record); err == nil {
		other, err := p.tx.Item(l.Item)
		if err != nil {
			return true, ignoreMissing(err)
		}
		if other.Gone || other.ETag == "" && len(other.Raw) == 0 {
			return true, nil // it was moved, or put back: planned with the one that is gone
		}
		return true, p.copied(it, &other)
	}
	if it.Track.Declined && it.Track.Cause == offline.CauseUser {
		return true, p.untracked(it)
	}
	rec, err := p.tx.Record(it.Mark.Record)
	switch {
	case err == nil && rec.Item == nil, ignoreMissing(err) != nil:
		return err == nil, ignoreMissing(err)
	case err != nil && it.Track.Declined:
		return false, nil // its record is gone
	case err != nil:
		p.out.lookups = append(p.out.lookups, it.Mark.Record)
		return true, nil
	case it.Track.Declined && !p.member(rec.Ref):
		return false, nil
	}
	p.linkUp(it, rec.Ref)
	return true, nil
}

// untracked plans for an item that the user untracked, and that still says what its
// record is: it is to say that there is none (R-UNTRACK-06).
func (p *planner) untracked(it *offline.Item) error {
	w, err := p.put(it, it.Edits, offline.Mark{Org: p.me.Organization})
	if err != nil {
		return err
	}
	if w == nil {
		p.decided(it, nil) // it can't be written; that it was untracked is known here
		return nil
	}
	p.add(plan{item: it.Key, kind: it.Kind, dav: w})
	return nil
}

// linkUp plans that an item and a record are a pair.
func (p *planner) linkUp(it *offline.Item, r offline.Ref) {
	key, member := it.Key, p.member(r)
	p.add(plan{item: key, kind: it.Kind, local: func(tx *offline.Tx) error { return pairUp(tx, key, r, member, p.now) }})
}

// pairUp links an item and a record that nobody has linked yet.
func pairUp(tx *offline.Tx, key uint64, r offline.Ref, member bool, now time.Time) error {
	if _, err := tx.ItemLinkByRecord(r); err == nil {
		return tx.Decided(key)
	}
	it, err := tx.Item(key)
	if err != nil {
		return ignoreMissing(err)
	}
	rec, err := tx.Record(r)
	if err != nil {
		return ignoreMissing(err)
	}
	it.Track = offline.Tracking{State: offline.Waiting, Since: now, Cause: offline.CauseColleague, Record: r}
	if err := tx.PutItem(&it); err != nil {
		return err
	}
	return tx.PutItemLink(&offline.ItemLink{Item: key, Record: r, ETag: rec.ETag, At: now, Member: member})
}

// copied plans for a copy of an item that is tracked: it is a thing of its own
// (R-APPT-19), and loses the mark that came with it.
func (p *planner) copied(it, original *offline.Item) error {
	w, err := p.put(it, it.Edits, offline.Mark{})
	if err != nil {
		return err
	}
	if w == nil {
		return p.stays(it)
	}
	w.unless = original
	p.write(it, w)
	return nil
}

// write plans a write of what the user wrote here.
func (p *planner) write(it *offline.Item, w *davWrite) {
	x := plan{item: it.Key, kind: it.Kind, dav: w}
	if all := overtaken(it); len(all) > 0 {
		x.local = func(tx *offline.Tx) error { return p.conflicts(tx, it, it.Track.Record, all) }
	}
	p.add(x)
}

// edited plans for an item that is not decided yet: what the user wrote goes to
// its server all the same.
func (p *planner) edited(it *offline.Item) error {
	if len(it.Edits) == 0 {
		return nil
	}
	w, err := p.put(it, it.Edits, it.Mark)
	if err == nil && w != nil {
		p.write(it, w)
	}
	return err
}

// stays plans for an item that is the user's alone.
func (p *planner) stays(it *offline.Item) error {
	if len(it.Edits) > 0 {
		w, err := p.put(it, it.Edits, it.Mark)
		if err != nil {
			return err
		}
		if w != nil {
			p.write(it, w)
			return nil
		}
	}
	reason := ""
	if it.Problem != "" {
		reason = "It can't be tracked: " + it.Problem + "."
	}
	p.decided(it, func(tx *offline.Tx) error { return setTrack(tx, it.Key, offline.Untracked, reason, p.now) })
	return nil
}

// recordOf finds the record of the CRM that has an item's UID.
func (p *planner) recordOf(it *offline.Item) (r offline.Ref, ok bool, err error) {
	if it.UID == "" || it.Kind != offline.KindAppointment || it.Track.Declined {
		return r, false, nil
	}
	if p.byUID == nil {
		p.byUID = map[string]offline.Ref{}
		for _, k := range [...]offline.Kind{offline.KindAppointment, offline.KindSeries} {
			if err := p.tx.Records(k, func(rec offline.Record) bool {
				if rec.Item != nil && rec.Item.GlobalID != "" {
					p.byUID[rec.Item.GlobalID] = rec.Ref
				}
				return true
			}); err != nil {
				return r, false, err
			}
		}
	}
	if r, ok = p.byUID[it.UID]; !ok {
		return r, false, nil
	}
	_, err = p.tx.ItemLinkByRecord(r)
	return r, err != nil, ignoreMissing(err)
}

// make plans the record of an item.
func (p *planner) make(it *offline.Item, link *offline.ItemLink) error {
	o, err := p.options(link.Record.Kind, it, nil)
	if err != nil {
		return err
	}
	item := meant(it, link)
	f, _ := merge.NewRecord(link.Record.Kind, item, o)
	w := &offline.Write{Change: offline.Change{Op: offline.OpCreateItem, Entry: it.Key, Record: link.Record}, Item: &offline.OutgoingItem{Ref: link.Record, Fields: f, GlobalID: it.UID}}
	if w.Item.Parties, err = p.parties(f); err != nil {
		return err
	}
	base := merge.Merge(link.Record.Kind, nil, item, f, o).Now
	p.add(plan{item: it.Key, kind: it.Kind, crm: w, crmDone: func(tx *offline.Tx, out offline.Outcome) error {
		l, err := tx.ItemLink(it.Key)
		if err != nil {
			return ignoreMissing(err)
		}
		if l.ETag = out.ETag; l.ETag == "" {
			l.ETag = "*"
		}
		l.Base = base
		rec := offline.Record{Ref: link.Record, Name: offline.ItemName(it.Kind, f), Owner: offline.Ref{Kind: offline.KindUser, ID: p.me.ID}, Active: true, Created: p.now, Changed: p.now, ETag: out.ETag,
			Item: &offline.RecordItem{Fields: f, State: stateOf(f), GlobalID: it.UID, Organizer: offline.Ref{Kind: offline.KindUser, ID: p.me.ID}}}
		if err := tx.PutRecord(&rec); err != nil {
			return err
		}
		if err := tx.PutItemLink(&l); err != nil {
			return err
		}
		if err := tx.Log(offline.Activity{At: p.now, What: "track", Record: link.Record, Text: rec.Name + joinedNotes(out.Notes)}); err != nil {
			return err
		}
		return tx.UndecideItem(it.Key)
	}})
	return nil
}

func joinedNotes(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return ": " + joinNotes(notes)
}

// stateOf is the state of a record with these fields.
func stateOf(f offline.Fields) offline.RecordState {
	switch f[offline.WordStatus] {
	case "completed":
		return offline.RecordCompleted
	case "canceled":
		return offline.RecordCanceled
	}
	return offline.RecordOpen
}

// parties are the people of a meeting with the records that have their addresses.
func (p *planner) parties(f offline.Fields) (all []offline.Party, err error) {
	for w, role := range map[string]offline.PartyRole{offline.WordOrganizer: offline.RoleOrganizer, offline.WordRequired: offline.RoleRequired, offline.WordOptional: offline.RoleOptional} {
		for line := range strings.SplitSeq(f[w], "\n") {
			addr, name, _ := strings.Cut(line, " ")
			if addr == "" {
				continue
			}
			known, err := p.tx.RecordsByAddress(addr)
			if err != nil {
				return nil, err
			}
			party := offline.Party{Role: role, Address: offline.Address{Addr: addr, Name: name}}
			for _, r := range known {
				if r.Active {
					party.Records = append(party.Records, r.Ref)
				}
			}
			all = append(all, party)
		}
	}
	return all, nil
}

// update is a write of some words to a record.
func (p *planner) update(it *offline.Item, rec *offline.Record, words offline.Fields) (w *offline.Write, err error) {
	whole := maps.Clone(rec.Item.Fields)
	for w, v := range words {
		if whole[w] = v; v == "" {
			delete(whole, w)
		}
	}
	w = &offline.Write{Change: offline.Change{Op: offline.OpUpdateItem, Entry: it.Key, Record: rec.Ref, ETag: rec.ETag}, Item: &offline.OutgoingItem{Ref: rec.Ref, Fields: words, Whole: whole, GlobalID: it.UID}}
	w.Item.Parties, err = p.parties(whole)
	return w, err
}

// updated records that words were written to a record.
func (p *planner) updated(tx *offline.Tx, key uint64, res merge.Result, out offline.Outcome) error {
	l, err := tx.ItemLink(key)
	if err != nil {
		return ignoreMissing(err)
	}
	rec, err := tx.Record(l.Record)
	if err == nil && rec.Item != nil {
		item := *rec.Item
		item.Fields = maps.Clone(item.Fields)
		for w, v := range res.ToRecord {
			if item.Fields[w] = v; v == "" {
				delete(item.Fields, w)
			}
		}
		if s, ok := res.ToRecord[offline.WordStatus]; ok {
			item.State = stateOf(offline.Fields{offline.WordStatus: s})
		}
		rec.Item, rec.ETag = &item, out.ETag
		if err := tx.PutRecord(&rec); err != nil {
			return err
		}
		l.ETag = out.ETag
		if err := tx.PutItemLink(&l); err != nil {
			return err
		}
	} else if ignoreMissing(err) != nil {
		return err
	}
	if err := moveBase(tx, key, res.ToRecord, res.Base); err != nil {
		return err
	}
	return tx.UndecideItem(key)
}

package agent

import (
	"errors"
	"maps"
	"slices"
	"time"

	"postrider/agent/health"
	"postrider/agent/merge"
	"postrider/agent/recur"
	"postrider/offline"
)

// going is a deletion that is planned, unless it is one of too many.
type going struct {
	side offline.Side
	plan plan
	held offline.HeldDeletion
}

// itemGone plans for an item that is no longer at its server.
func (p *planner) itemGone(it *offline.Item, link *offline.ItemLink) error {
	if moved, err := p.moved(it, link); moved || err != nil {
		return err
	}
	rec, err := p.tx.Record(link.Record)
	if ignoreMissing(err) != nil {
		return err
	}
	if err != nil || rec.Item == nil || link.Gone {
		p.goneForGood(it)
		return nil
	}
	o, err := p.options(rec.Kind, it, &rec)
	if err != nil {
		return err
	}
	theirs := len(merge.Merge(rec.Kind, link.Base, link.Base, rec.Item.Fields, o).ToItem) > 0
	v := merge.Deleted(merge.Deletion{Kind: it.Kind, Side: offline.SideItem, State: rec.Item.State, Owner: rec.Owner.ID == p.me.ID, Organizer: it.Fields[offline.WordOrganizer] == "", Past: p.over(it.Fields)})
	x := plan{item: it.Key, kind: it.Kind}
	switch {
	case v.Delete && !theirs:
		x.crm = &offline.Write{Change: offline.Change{Op: offline.OpDelete, Entry: it.Key, Record: rec.Ref, ETag: rec.ETag}}
		x.crmDone = func(tx *offline.Tx, _ offline.Outcome) error {
			return errors.Join(p.bury(tx, it, &rec, offline.SideItem, true, "Deleted in the CRM, too"), ignoreMissing(tx.DeleteRecord(rec.Ref)))
		}
	case v.Delete:
		x.local = func(tx *offline.Tx) error {
			return p.bury(tx, it, &rec, offline.SideItem, false, "It was changed in the CRM meanwhile, and stays there")
		}
	default:
		x.local = func(tx *offline.Tx) error {
			return p.bury(tx, it, &rec, offline.SideItem, false, "It stays in the CRM")
		}
	}
	p.goings = append(p.goings, going{offline.SideItem, x, offline.HeldDeletion{Side: offline.SideItem, Kind: it.Kind, Item: it.Key, Record: rec.Ref, Name: offline.ItemName(it.Kind, it.Fields), At: p.now}})
	return nil
}

// goneForGood plans for an item that is nowhere any more. What the user wrote here and
// no server ever had is kept.
func (p *planner) goneForGood(it *offline.Item) {
	text := ""
	if len(it.Edits) > 0 {
		text = "It was deleted before what you wrote here reached it"
	}
	p.add(plan{item: it.Key, kind: it.Kind, local: func(tx *offline.Tx) error { return p.bury(tx, it, nil, offline.SideItem, false, text) }})
}

// moved plans for an item that is elsewhere now: it was moved to another calendar,
// or another Postrider has put it back.
func (p *planner) moved(it *offline.Item, link *offline.ItemLink) (bool, error) {
	others, err := p.tx.ItemsByRecord(link.Record)
	others = slices.DeleteFunc(others, func(o offline.Item) bool { return o.Mark.Record != link.Record })
	if it.UID != "" && err == nil {
		var same []offline.Item
		same, err = p.tx.ItemsByUID(it.UID)
		others = append(others, same...)
	}
	if err != nil {
		return false, err
	}
	for _, o := range others {
		if o.Key == it.Key || o.Gone || o.Kind != it.Kind {
			continue
		}
		if _, err := p.tx.ItemLink(o.Key); err == nil {
			continue
		}
		to := o.Key
		p.add(plan{item: it.Key, kind: it.Kind, local: func(tx *offline.Tx) error { return p.moveTo(tx, it, link, to) }})
		return true, nil
	}
	return false, nil
}

// moveTo lets another item take the place of one that is elsewhere now. link may be
// nil.
func (p *planner) moveTo(tx *offline.Tx, it *offline.Item, link *offline.ItemLink, to uint64) error {
	if err := tx.DeleteItem(it.Key); err != nil {
		return ignoreMissing(err)
	}
	now, err := tx.Item(to)
	if err != nil {
		return ignoreMissing(err)
	}
	now.Track = it.Track
	clashes := takeEdits(&now, it)
	if err := errors.Join(tx.PutItem(&now), tx.UndecideItem(to)); err != nil {
		return err
	}
	if link != nil {
		l := *link
		l.Item, l.Marked = to, false
		if err := tx.PutItemLink(&l); err != nil {
			return err
		}
	}
	return errors.Join(p.conflicts(tx, &now, it.Track.Record, clashes), p.forgetLost(tx, it.Collection))
}

// fromLost plans for an item that is known from where nobody can look any more: from
// a calendar that is gone, or a provider that the user has left.
func (p *planner) fromLost(it *offline.Item) (bool, error) {
	var known []offline.Item
	if it.UID != "" {
		same, err := p.tx.ItemsByUID(it.UID)
		if err != nil {
			return false, err
		}
		known = same
	}
	if it.Mark.Org == p.me.Organization && !it.Mark.Record.IsZero() {
		if l, err := p.tx.ItemLinkByRecord(it.Mark.Record); err == nil {
			marked, err := p.tx.Item(l.Item)
			if err != nil {
				return false, err
			}
			known = append(known, marked)
		}
	}
	for i := range known {
		from := &known[i]
		if from.Key == it.Key || from.Kind != it.Kind {
			continue
		}
		if lost, err := p.lost(from.Collection); err != nil || !lost {
			if err != nil {
				return false, err
			}
			continue
		}
		var link *offline.ItemLink
		if l, err := p.tx.ItemLink(from.Key); err == nil {
			link = &l
		} else if ignoreMissing(err) != nil {
			return false, err
		}
		to := it.Key
		p.add(plan{item: to, kind: it.Kind, local: func(tx *offline.Tx) error { return p.moveTo(tx, from, link, to) }})
		return true, nil
	}
	return false, nil
}

// lost reports whether a collection is gone, or belongs to no account any more.
func (p *planner) lost(url string) (bool, error) {
	c, err := p.tx.Collection(url)
	if err != nil {
		return false, ignoreMissing(err)
	}
	return c.Missing || !slices.ContainsFunc(p.a.Accounts, func(a Account) bool { return a.Name == c.Account }), nil
}

// forgetLost forgets a collection that is gone once all that was in it is elsewhere.
func (p *planner) forgetLost(tx *offline.Tx, url string) error {
	if len(tx.ItemKeys(url)) > 0 {
		return nil
	}
	c, err := tx.Collection(url)
	if err != nil || !c.Missing {
		return ignoreMissing(err)
	}
	p.a.health.Clear(health.CollectionMissing, url)
	return tx.DropCollection(url)
}

// takeEdits gives an item what the user wrote on it where it was before, and not what
// it was made of there. A word that was written on both is the later one's; the other
// value is a clash to be kept.
func takeEdits(now, before *offline.Item) (clashes []merge.Clash) {
	edits, seen := maps.Clone(now.Edits), maps.Clone(now.Seen)
	if edits == nil {
		edits = offline.Fields{}
	}
	if seen == nil {
		seen = offline.Fields{}
	}
	for w, was := range before.Seen {
		v := before.Edits[w]
		switch mine, has := edits[w]; {
		case !has:
			edits[w], seen[w] = v, was
		case mine != v:
			clashes = append(clashes, merge.Clash{Word: w, Base: was, Mine: mine, Theirs: v, Winner: offline.SideItem})
		}
	}
	if now.Edits, now.Seen = edits, seen; len(edits) == 0 {
		now.Edits, now.Seen = nil, nil
	}
	return clashes
}

// bury keeps what was deleted where the user can see it, and take it back.
func (p *planner) bury(tx *offline.Tx, it *offline.Item, rec *offline.Record, side offline.Side, deleted bool, text string) error {
	t := offline.Tombstone{Side: side, Kind: it.Kind, Name: offline.ItemName(it.Kind, it.Now()), Item: *it, Whole: rec, Text: text, At: p.now, Deleted: deleted}
	if rec != nil {
		t.Record = rec.Ref
	}
	if text != "" {
		if err := tx.PutTombstone(&t); err != nil {
			return err
		}
		if err := tx.Log(offline.Activity{At: p.now, What: "delete", Record: t.Record, Text: t.Name + ": " + text}); err != nil {
			return err
		}
	}
	if err := dropHeld(tx, it.Key); err != nil {
		return err
	}
	return ignoreMissing(tx.DeleteItem(it.Key))
}

func dropHeld(tx *offline.Tx, item uint64) error {
	held, err := tx.HeldDeletions()
	for _, h := range held {
		if h.Item == item {
			err = errors.Join(err, tx.DropHeldDeletion(h.ID))
		}
	}
	return err
}

// recordGone plans for an item whose record was deleted in the CRM.
func (p *planner) recordGone(it *offline.Item, link *offline.ItemLink) error {
	if it.ETag == "" && len(it.Raw) == 0 && len(it.Seen) == 0 { // made of it, and no server has it yet
		p.goneForGood(&offline.Item{Key: it.Key, Kind: it.Kind})
		return nil
	}
	o, err := p.options(link.Record.Kind, it, nil)
	if err != nil {
		return err
	}
	mine := len(merge.Merge(link.Record.Kind, link.Base, meant(it, link), link.Base, o).ToRecord) > 0
	state := offline.RecordOpen
	if link.Closed {
		state = offline.RecordCompleted
	}
	v := merge.Deleted(merge.Deletion{Kind: it.Kind, Side: offline.SideRecord, State: state, Owner: link.Owned, Organizer: it.Fields[offline.WordOrganizer] == "", Past: p.over(it.Fields), Done: it.Fields[offline.WordStatus] == "completed"})
	x := plan{item: it.Key, kind: it.Kind}
	c, err := p.tx.Collection(it.Collection)
	if ignoreMissing(err) != nil {
		return err
	}
	if !v.Delete || mine || c.ReadOnly || it.ETag == "" {
		text := "It was deleted in the CRM, and stays here"
		if mine {
			text = "It was deleted in the CRM, and was changed here meanwhile: it stays here"
		}
		x.local = func(tx *offline.Tx) error { return p.unlink(tx, it, link, text) }
	} else {
		x.dav = &davWrite{item: *it, remove: true}
		x.davDone = func(tx *offline.Tx, _ offline.Item) error {
			rec := &offline.Record{Ref: link.Record, Item: &offline.RecordItem{Fields: link.Base}}
			return p.bury(tx, it, rec, offline.SideRecord, true, "It was deleted in the CRM, and so here")
		}
	}
	p.goings = append(p.goings, going{offline.SideRecord, x, offline.HeldDeletion{Side: offline.SideRecord, Kind: it.Kind, Item: it.Key, Record: link.Record, Name: offline.ItemName(it.Kind, it.Fields), At: p.now}})
	return nil
}

// unlink leaves an item where it is, tracked no longer. Its mark says so, for any
// other Postrider.
func (p *planner) unlink(tx *offline.Tx, it *offline.Item, link *offline.ItemLink, text string) error {
	t := offline.Tombstone{Side: offline.SideRecord, Kind: it.Kind, Name: offline.ItemName(it.Kind, it.Now()), Record: link.Record, Item: *it, Text: text, At: p.now}
	if err := tx.PutTombstone(&t); err != nil {
		return err
	}
	if err := dropHeld(tx, it.Key); err != nil {
		return err
	}
	return letGo(tx, it.Key, offline.CauseColleague, text, p.now)
}

// letGo breaks the link of an item.
func letGo(tx *offline.Tx, key uint64, cause offline.Cause, text string, now time.Time) error {
	it, err := tx.Item(key)
	if err != nil {
		return ignoreMissing(err)
	}
	it.Track = offline.Tracking{State: offline.Untracked, Since: now, Cause: cause, Reason: text, Declined: true}
	if err := errors.Join(tx.PutItem(&it), ignoreMissing(tx.DeleteItemLink(key)), tx.UndecideItem(key)); err != nil {
		return err
	}
	return tx.Log(offline.Activity{At: now, What: "unlinked", Text: offline.ItemName(it.Kind, it.Now()) + ": " + text})
}

// left plans for an item whose record left the user's filters: both stay, each by
// itself (R-FILTER-16, R-DELETE-20). When it comes back they are a pair again.
func (p *planner) left(it *offline.Item, link *offline.ItemLink) error {
	p.add(plan{item: it.Key, kind: it.Kind, local: func(tx *offline.Tx) error {
		return letGo(tx, it.Key, offline.CauseElsewhere, "Its record is no longer among those that your filters let in.", p.now)
	}})
	return nil
}

// remake plans for an appointment that became a series, or a series that became an
// appointment: in the CRM that is another record. The old one goes once the new
// one is there, if it may.
func (p *planner) remake(it *offline.Item, link *offline.ItemLink, rec *offline.Record) error {
	if rec.Item.State != offline.RecordOpen || rec.Owner.ID != p.me.ID {
		p.decided(it, func(tx *offline.Tx) error {
			return setTrack(tx, it.Key, offline.Failed, "It began or ceased to recur here, and its record in the CRM is not yours to replace.", p.now)
		})
		return nil
	}
	p.add(plan{item: it.Key, kind: it.Kind, crm: &offline.Write{Change: offline.Change{Op: offline.OpDelete, Entry: it.Key, Record: rec.Ref, ETag: rec.ETag}},
		crmDone: func(tx *offline.Tx, _ offline.Outcome) error {
			if err := errors.Join(ignoreMissing(tx.DeleteItemLink(it.Key)), ignoreMissing(tx.DeleteRecord(rec.Ref))); err != nil {
				return err
			}
			now, err := tx.Item(it.Key)
			if err != nil {
				return ignoreMissing(err)
			}
			r := offline.Ref{Kind: recordKind(&now), ID: p.recordID(recordKind(&now), now.UID)}
			now.Track.State, now.Track.Record, now.Track.Since = offline.Waiting, r, p.now
			return errors.Join(tx.PutItem(&now), tx.PutItemLink(&offline.ItemLink{Item: it.Key, Record: r, At: p.now}), tx.UndecideItem(it.Key))
		}})
	return nil
}

// hold plans the deletions, or holds them for the user where many things of a kind
// vanished at once on one side.
func (p *planner) hold() error {
	if len(p.goings) == 0 {
		return nil
	}
	links := map[offline.Kind]int{}
	if err := p.tx.ItemLinks(func(l offline.ItemLink) bool {
		k, _ := offline.ItemKind(l.Record.Kind)
		links[k]++
		return true
	}); err != nil {
		return err
	}
	type group struct {
		side offline.Side
		kind offline.Kind
	}
	gone := map[group]int{}
	for _, g := range p.goings {
		gone[group{g.side, g.plan.kind}]++
	}
	for _, g := range p.goings {
		confirmed := slices.Contains(p.mayGo, g.plan.item)
		if confirmed || !merge.Hold(gone[group{g.side, g.plan.kind}], links[g.plan.kind]) && !p.isHeld(g.plan.item) {
			p.add(g.plan)
			continue
		}
		if p.isHeld(g.plan.item) {
			continue
		}
		held := g.held
		p.add(plan{item: g.plan.item, kind: g.plan.kind, local: func(tx *offline.Tx) error {
			return tx.PutHeldDeletion(&held)
		}})
	}
	return nil
}

func (p *planner) isHeld(item uint64) bool {
	return slices.ContainsFunc(p.held, func(h offline.HeldDeletion) bool { return h.Item == item })
}

// over reports whether an appointment is over. A series without an end never is.
func (p *planner) over(f offline.Fields) bool {
	from, to, allDay, err := recur.Times(f[offline.WordTime])
	if err != nil {
		return false
	}
	word := f[offline.WordRecurrence]
	if word == "" {
		return to.Before(p.now)
	}
	s, err := recur.Parse(word)
	if err != nil {
		return false
	}
	start := from
	if z, err := time.LoadLocation(f[offline.WordZone]); err == nil && !allDay {
		start = from.In(z)
	}
	later, err := s.Expand(start, to.Sub(from), allDay, p.now, p.now.AddDate(20, 0, 0), 1)
	return err == nil && len(later) == 0
}

package agent

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"postrider/agent/merge"
	"postrider/offline"
)

// record plans what is to be done about a record.
func (p *planner) record(rec *offline.Record) error {
	r := rec.Ref
	kind, isItem := offline.ItemKind(r.Kind)
	done := func(do func(*offline.Tx) error) {
		p.add(plan{kind: kind, local: func(tx *offline.Tx) error {
			if do != nil {
				if err := do(tx); err != nil {
					return err
				}
			}
			return tx.DecidedRecord(r)
		}})
	}
	if !isItem || rec.Item == nil {
		done(nil)
		return nil
	}
	if slices.Contains(p.behind, kind) {
		return nil
	}
	if l, err := p.tx.ItemLinkByRecord(r); err == nil {
		done(func(tx *offline.Tx) error { return tx.UndecideItem(l.Item) })
		return nil
	}
	if key, ok, err := p.waitingFor(rec, kind); err != nil {
		return err
	} else if ok {
		done(func(tx *offline.Tx) error { return tx.UndecideItem(key) })
		return nil
	}
	if !p.confirmed[kind] || p.isApart(0, r) {
		return nil // it stays undecided
	}
	if !p.member(r) || rec.Item.State != offline.RecordOpen {
		done(nil)
		return nil
	}
	if t, err := p.tx.TombstoneOf(r); err == nil && t.Side == offline.SideItem {
		done(nil) // deleted or untracked here: it does not come back by itself (R-DELETE-09, -10)
		return nil
	}
	return p.comesDown(rec, kind)
}

// waitingFor finds an item that is the record's other half and is not linked yet.
func (p *planner) waitingFor(rec *offline.Record, kind offline.Kind) (uint64, bool, error) {
	if key, ok := p.derived[rec.Ref]; ok {
		return key, true, nil
	}
	items, err := p.tx.ItemsByRecord(rec.Ref)
	if err != nil {
		return 0, false, err
	}
	if rec.Item.GlobalID != "" && p.confirmed[kind] {
		more, err := p.tx.ItemsByUID(rec.Item.GlobalID)
		if err != nil {
			return 0, false, err
		}
		items = append(items, more...)
	}
	for _, it := range items {
		if it.Kind != kind || it.Gone || it.Track.Declined && !p.member(rec.Ref) || it.Mark.Org != "" && it.Mark.Org == p.me.Organization && it.Mark.Record.IsZero() {
			continue
		}
		if _, err := p.tx.ItemLink(it.Key); err != nil {
			return it.Key, true, ignoreMissing(err)
		}
	}
	return 0, false, nil
}

// comesDown plans an item for a record: it is stored with its link first, under a
// name that follows from the record, and written to its server then.
func (p *planner) comesDown(rec *offline.Record, kind offline.Kind) error {
	home, ok, err := p.home(kind)
	if err != nil {
		return err
	}
	r := rec.Ref
	if !ok {
		return nil // until there is a place for it
	}
	o, err := p.options(r.Kind, &offline.Item{}, rec)
	if err != nil {
		return err
	}
	uid := rec.Item.GlobalID
	if uid == "" {
		uid = r.ID
	}
	f := merge.NewItem(r.Kind, rec.Item.Fields, o)
	href, err := hrefOf(home, uid, kind)
	if err != nil {
		return err
	}
	etag := rec.ETag
	owned := rec.Owner.ID == p.me.ID
	p.add(plan{kind: kind, local: func(tx *offline.Tx) error {
		if _, err := tx.ItemAt(home.URL, href); err == nil {
			return tx.DecidedRecord(r) // somebody else's item has that name: it is looked at when it changes
		}
		it := offline.Item{Collection: home.URL, Href: href, Kind: kind, UID: uid, Edits: f, Changed: p.now,
			Track: offline.Tracking{State: offline.Waiting, Since: p.now, Cause: offline.CauseColleague, Record: r}}
		if err := tx.PutItem(&it); err != nil {
			return err
		}
		l := offline.ItemLink{Item: it.Key, Record: r, ETag: etag, Member: true, Owned: owned, At: p.now}
		return errors.Join(tx.PutItemLink(&l), tx.UndecideItem(it.Key), tx.DecidedRecord(r))
	}})
	return nil
}

// hrefOf names a new item in a collection after its UID.
func hrefOf(c offline.Collection, uid string, kind offline.Kind) (string, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return "", err
	}
	ext := ".ics"
	if kind == offline.KindContact {
		ext = ".vcf"
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.@", r) {
			return r
		}
		return '-'
	}, uid)
	if len(name) > 120 {
		name = name[:120]
	}
	return strings.TrimSuffix(u.EscapedPath(), "/") + "/" + url.PathEscape(name) + ext, nil
}

// home is where new items of a kind are put: the collection that the user chose,
// else the first that can hold them.
func (p *planner) home(kind offline.Kind) (offline.Collection, bool, error) {
	all, err := p.tx.Collections()
	if err != nil {
		return offline.Collection{}, false, err
	}
	c, ok := offline.HomeOf(all, kind)
	return c, ok, nil
}

// isApart reports whether an item or record waits for the user to pair it.
func (p *planner) isApart(item uint64, r offline.Ref) bool {
	return slices.ContainsFunc(p.apart, func(g merge.Group) bool {
		return item != 0 && slices.Contains(g.Items, item) || !r.IsZero() && slices.Contains(g.Records, r)
	})
}

package agent

import (
	"maps"
	"slices"

	"postrider/agent/merge"
	"postrider/offline"
)

// conflicts keeps what both sides changed differently, each once. What the user was
// asked about before, and is so no longer, is forgotten.
func (p *planner) conflicts(tx *offline.Tx, it *offline.Item, r offline.Ref, all []merge.Clash) error {
	known, err := tx.Conflicts()
	if err != nil {
		return err
	}
	for _, k := range known {
		still := func(c merge.Clash) bool {
			return c.Winner == "" && c.Word == k.Word && c.Mine == k.Mine && c.Theirs == k.Theirs
		}
		if k.Item == it.Key && k.Winner == "" && !slices.ContainsFunc(all, still) {
			if err := tx.DropConflict(k.ID); err != nil {
				return err
			}
		}
	}
	for _, c := range all {
		x := offline.Conflict{Item: it.Key, Record: r, Name: offline.ItemName(it.Kind, it.Now()), Word: c.Word, Base: c.Base, Mine: c.Mine, Theirs: c.Theirs, Winner: c.Winner, At: p.now}
		if slices.ContainsFunc(known, func(k offline.Conflict) bool {
			return k.Item == x.Item && k.Word == x.Word && k.Mine == x.Mine && k.Theirs == x.Theirs
		}) {
			continue
		}
		if err := tx.PutConflict(&x); err != nil {
			return err
		}
	}
	return dropLost(tx, it, all)
}

// dropLost takes out of what the user wrote here, and no server has yet, what the
// record's values hold against: it is kept in the conflicts.
func dropLost(tx *offline.Tx, it *offline.Item, all []merge.Clash) error {
	now, err := tx.Item(it.Key)
	if err != nil {
		return ignoreMissing(err)
	}
	lost := false
	for _, c := range all {
		planned, had := it.Edits[c.Word]
		if v, has := now.Edits[c.Word]; c.Winner != offline.SideRecord || !had || !has || v != planned {
			continue
		}
		delete(now.Edits, c.Word)
		delete(now.Seen, c.Word)
		lost = true
	}
	if !lost {
		return nil
	}
	return tx.PutItem(&now)
}

// moveBase notes what both agree on now that words were written to one side.
func moveBase(tx *offline.Tx, key uint64, written, base offline.Fields) error {
	l, err := tx.ItemLink(key)
	if err != nil {
		return ignoreMissing(err)
	}
	next := maps.Clone(l.Base)
	if next == nil {
		next = offline.Fields{}
	}
	for w := range written {
		if v, ok := base[w]; ok {
			next[w] = v
		} else {
			delete(next, w)
		}
	}
	l.Base = next
	return tx.PutItemLink(&l)
}

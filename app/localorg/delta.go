package localorg

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const tokenTime = "01/02/2006 15:04:05"

// change is one entry of a delta: a row as it is now, or one that is gone.
type change struct {
	id      string
	version int64
	row     *row // nil: deleted
}

// changes answers change tracking: the first listing, and what came since.
func (r *request) changes(tab *Table, q *query) (*answer, error) {
	for _, p := range []struct {
		name string
		is   bool
	}{{"$filter", q.hasIf}, {"$orderby", q.order != nil}, {"$expand", q.expand != nil}, {"$top", q.top >= 0}} {
		if p.is {
			return nil, badQuery("The \"%s\" query parameter isn't supported when Change Tracking is enabled.", p.name)
		}
	}
	if !tab.ChangeTracking {
		return nil, badQuery("Change tracking is not enabled for the entity '%s'.", tab.Name)
	}
	if err := r.t.allowed(tab, ReadOrganization, nil); err != nil {
		return nil, err
	}
	c, err := readCookie(q.skip)
	if err != nil {
		return nil, err
	}
	at := c.place
	if c.Page == 0 {
		at = place{Until: r.t.o.version, At: r.t.o.now().UTC().Format(tokenTime), First: !q.hasDlt}
		if q.hasDlt {
			if at.From, err = r.t.readToken(tab, q.delta); err != nil {
				return nil, err
			}
		}
	} else if !c.Tracking || r.t.tooOld(at.Until, at.At) {
		return nil, expiredToken()
	}
	all := r.t.changesSince(tab, at.From, at.Until)
	if at.First {
		all = slices.DeleteFunc(all, func(c change) bool { return c.row == nil })
	}
	if c.Page > 0 {
		all = slices.DeleteFunc(all, func(c change) bool { return !c.after(at) })
	}
	size := r.prefer.page
	if size == 0 {
		size = maxPage
	}
	return r.changesPage(tab, q, all, at, size, max(c.Page, 1)+1)
}

// after reports whether c comes after the place where a page ended: rows by
// version first, then what is gone.
func (c change) after(p place) bool {
	if gone := c.row == nil; gone != p.Gone {
		return gone
	}
	return c.version > p.Version
}

func (r *request) changesPage(tab *Table, q *query, all []change, at place, size, nextPage int) (*answer, error) {
	more := len(all) > size
	if more {
		all = all[:size]
	}
	tail := "/$delta"
	if at.First {
		tail = ""
	}
	b := appendText([]byte(`{"@odata.context":`), r.context(tab, q, tail))
	b = append(b, `,"value":[`...)
	w := r.t.renderer(r.base, r.prefer.notes)
	for i, c := range all {
		if i > 0 {
			b = append(b, ',')
		}
		if c.row == nil {
			b = appendText(append(b, `{"@odata.context":`...), r.base+"$metadata#"+tab.Set+"/$deletedEntity")
			b = appendText(append(b, `,"id":`...), c.id)
			b = append(b, `,"reason":"deleted"}`...)
			continue
		}
		var err error
		if b, err = w.row(b, tab, c.row, q, ""); err != nil {
			return nil, err
		}
	}
	b = append(b, ']')
	if more {
		last := all[len(all)-1]
		at.ID, at.Version, at.Gone = last.id, last.version, last.row == nil
		next := cookie{Page: nextPage, Tracking: true, place: at}
		b = appendText(append(b, `,"@odata.nextLink":`...), r.link(q, "$skiptoken", next.String()))
	} else {
		b = appendText(append(b, `,"@odata.deltaLink":`...), r.link(q, "$deltatoken", strconv.FormatInt(at.Until, 10)+"!"+at.At))
	}
	return jsonAnswer(http.StatusOK, append(b, '}')), nil
}

// changesSince lists what happened to a table in the versions after from, up to
// and with until.
func (t *tx) changesSince(tab *Table, from, until int64) []change {
	d := t.table(tab.Name)
	var out []change
	for _, r := range d.rows {
		if r.version > from && r.version <= until {
			out = append(out, change{r.id, r.version, r})
		}
	}
	slices.SortFunc(out, func(a, b change) int { return int(a.version - b.version) })
	seen := map[string]bool{}
	first, _ := slices.BinarySearchFunc(d.tombs, from+1, func(s tombstone, v int64) int { return int(s.version - v) })
	for _, s := range d.tombs[first:] {
		if s.version <= until && !seen[s.id] && d.rows[s.id] == nil {
			seen[s.id] = true
			out = append(out, change{id: s.id, version: s.version})
		}
	}
	return out
}

// readToken reads a delta token and refuses one that is too old.
func (t *tx) readToken(tab *Table, token string) (int64, error) {
	number, at, ok := strings.Cut(token, "!")
	version, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || version < 0 || !tab.ChangeTracking {
		return 0, badQuery("The delta token '%s' is not valid.", token)
	}
	if t.tooOld(version, at) {
		return 0, expiredToken()
	}
	return version, nil
}

// tooOld reports whether what happened since can no longer be told. A version
// not reached yet is from before the organization was restored from a copy.
func (t *tx) tooOld(version int64, at string) bool {
	given, err := time.Parse(tokenTime, at)
	return err != nil || version <= t.o.expired || version > t.o.version || t.o.now().Sub(given) > t.o.deltaLife()
}

func expiredToken() error {
	return refuse(http.StatusBadRequest, codeExpiredStamp, "Version stamp associated with the client has expired. Please perform a full sync.")
}

// deltaLife is how long a delta token can be used.
func (o *Org) deltaLife() time.Duration {
	days := int64(defaultExpireDays)
	d := o.tables["organization"]
	for _, r := range d.rows {
		days = r.number(d.def.cols["expirechangetrackingindays"])
	}
	return time.Duration(days) * 24 * time.Hour
}
